"""Clinical context: what is known of the patient beside the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ClinicalContext"]


@dataclass(frozen=True, slots=True)
class ClinicalContext:
    """Context by key (see ``CONTEXT_KEYS``); a key that is absent is unknown, never "no".

    Parameters
    ----------
    values : mapping of str to str, float or bool
        ``host``, ``drug``, ``drug_months`` …
    serostatus : mapping of str to str
        ``aqp4_igg: neg_cba`` …; ``not_tested`` is never negative.
    """

    values: Mapping[str, str | float | bool] = field(default_factory=dict)
    serostatus: Mapping[str, str] = field(default_factory=dict)
