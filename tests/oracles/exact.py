"""What a workload must find in the elements that h5py reads: sums in Python's integers, rounded once, held against
math.fsum; numpy for the rest."""
import collections
import math
import struct
from fractions import Fraction

import numpy as np


def bits(value):
    return "7ff8000000000000" if value != value else struct.pack(">d", value).hex()


def elements(dataset):
    """Elements as float64, those that are missing, and how many are rounded: packing and fill values by attributes."""
    raw = np.asarray(dataset[...]).reshape(-1)
    missing = np.zeros(raw.size, bool)
    for name in ("_FillValue", "missing_value"):
        if name in dataset.attrs:
            missing |= raw == np.ravel(dataset.attrs[name])[0]
    values = raw.astype("f8")
    if "scale_factor" in dataset.attrs or "add_offset" in dataset.attrs:
        values = values * np.float64(np.ravel(dataset.attrs.get("scale_factor", 1))[0])
        values = values + np.float64(np.ravel(dataset.attrs.get("add_offset", 0))[0])
    return values, missing


def total(terms):
    """Of finite numbers, Fractions or floats."""
    by_unit = collections.Counter()
    for term in terms:
        numerator, denominator = term.as_integer_ratio()
        by_unit[denominator] += numerator
    return sum((Fraction(numerator, denominator) for denominator, numerator in by_unit.items()), Fraction())


def rounded(fraction):
    try:
        return float(fraction)
    except OverflowError:
        return math.copysign(math.inf, fraction)


def special(values):
    """The sum where an element is not finite, else None."""
    strange = values[~np.isfinite(values)]
    if not strange.size:
        return None
    return float(strange[0]) if (strange == strange[0]).all() else math.nan


def signed_zero(result, terms):
    return -0.0 if result == 0 and len(terms) and np.signbit(terms).all() else result


def sum_of(values):
    strange = special(values)
    if strange is not None:
        return strange
    result = rounded(total(values.tolist()))
    if math.isfinite(result):
        assert math.fsum(values.tolist()) == result
    return signed_zero(result, values)


def product_sum(a, b):
    with np.errstate(all="ignore"):
        products = a * b
    strange = special(products[~(np.isfinite(a) & np.isfinite(b))])
    if strange is not None:
        return strange
    exact = rounded(total(Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist())))
    return signed_zero(exact, np.copysign(1.0, a) * np.copysign(1.0, b))


def stats_of(values):
    if not values.size:
        return {"count": 0, "min": math.nan, "max": math.nan, "mean": math.nan}
    with np.errstate(all="ignore"):
        mean = special(values)
        if mean is None:
            mean = signed_zero(rounded(total(values.tolist()) / values.size), values)
        return {"count": values.size, "min": float(values.min()), "max": float(values.max()), "mean": mean}


def expected(workload, operands):
    """The fields of the record's result that must have this value, and the number of missing elements."""
    (values, missing), *others = operands
    if workload == "dot":
        missing = missing | others[0][1]
        return {"dot": product_sum(values[~missing], others[0][0][~missing])}, int(missing.sum())
    there = values[~missing]
    result = {"sum": lambda: {"sum": sum_of(there)}, "sumsq": lambda: {"sumsq": product_sum(there, there)},
              "stats": lambda: stats_of(there)}[workload]()
    return result, int(missing.sum())


def differences(result, wanted):
    """Of a record's result; min and max of zeros by their value."""
    for name, value in wanted.items():
        found = result[name]
        if name == "count":
            is_right = found == value
        elif name in ("min", "max") and value == 0:
            is_right = found["value"] == 0
        else:
            is_right = found["bits"] == bits(value)
        if not is_right:
            yield f"{name} is {found}, not {value}"
