"""Speech: reader chooses what writes it down; whisper does so on this machine."""
