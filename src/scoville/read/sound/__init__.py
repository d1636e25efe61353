"""Speech: reader chooses what writes it down (transcript: with its times); whisper does so on this machine."""
