"""lesionaid: from brain MRI to measured lesions, named signs, published criteria and a pattern.

Research software. Not a medical device. It names patterns (``pml_like``), never diagnoses,
and never says that PML is excluded.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lesionaid.pipeline import assess

__version__ = "0.1.0"

__all__ = ["__version__", "assess"]


def __getattr__(name: str) -> Any:
    # The pipeline brings scipy and SimpleITK with it; ``lesionaid --help`` must not wait for them.
    if name == "assess":
        from lesionaid.pipeline import assess

        return assess
    raise AttributeError(f"module 'lesionaid' has no attribute {name!r}")
