"""A second, deliberately different family of lesions, for honest figures only.

Nothing that sets a threshold or trains a model may import it (a contract test).
"""
