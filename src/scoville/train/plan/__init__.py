"""Plan before spending: what training and serving a model takes, and whether either is worth it yet.

    architecture  the shape of a model, from a name, a folder or a GGUF file → its matrices and parameters
    memory        a shape and a method → bytes, part by part
    hardware      machines with their rates and list prices, this one measured
    training      a job on all of these: trainable parameters, checkpoint, memory, hours, dollars, what would fit
    serving       weights and caches of users on all of these
    phase         what a workspace holds and how its runs went → which phase to try next, with the reasons

All but the measuring of this machine is arithmetic.
"""
