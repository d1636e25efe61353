"""Child processes in which untrusted bytes meet native code: children (the pool), child (what runs in one),
frames (what they say to each other).
"""
