"""Folders that training leaves -> GGUF files.

    safetensors   weights on disk, read a part at a time
    names         what a tensor is called in a GGUF file, and in which order its rows are
    tokenizer     tokenizer.json -> what a GGUF file says of a tokenizer
    huggingface   a folder as transformers saves it -> GGUF
    adapter       a folder as PEFT saves it -> merged into its base, or a GGUF adapter
    forms         the GGUF file of such a folder, built once, in the model cache

Needs neither torch nor transformers: what was trained elsewhere is served without them.
"""
