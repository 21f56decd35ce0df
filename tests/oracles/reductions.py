"""Exact sums, sums of squares, dot products, minima and maxima of hostile arrays, against Python's integers.

reductions.py DRIVER [--cases N] [--seed S]      prints "N cases, seed S, 0 wrong"; exit code 1 if any is wrong

N: 2,500, or 50,000 with CONCDEMO_FULL=1. fuzz_reductions, which asks MPFR, tries many more.

What must come out is computed here from the bits alone: terms become integers, their sum a Fraction, which Python
rounds to the nearest double; math.fsum has to agree wherever it can.
"""
import argparse
import math
import os
import random
import struct
import subprocess
import sys
from fractions import Fraction

NAN_BITS = "7ff8000000000000"
INF = math.inf
SIZES = [0, 1, 2, 3, 5, 8, 17, 64, 255, 256, 257, 300]
LONG_SIZES = [511, 1024, 4095, 4096, 4097, 8191, 8192, 12289, 16500, 33000]


def bits_of(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def hex_of(x):
    return NAN_BITS if x != x else f"{bits_of(x):016x}"


def raw_hex(values):
    return " ".join(f"{bits_of(v):016x}" for v in values)


# ---- what must come out

def to_integer(x):
    """A double in units of 2^-1074; None if it is not finite."""
    if not math.isfinite(x):
        return None
    numerator, denominator = x.as_integer_ratio()
    return numerator << 1075 - denominator.bit_length()


def rounded(total, unit, terms_are_negative_zeros):
    """total * 2^unit as a double: Python's integer division rounds to nearest-even, subnormals included."""
    if total == 0:
        return -0.0 if terms_are_negative_zeros else 0.0
    try:
        size = float(Fraction(abs(total), 1 << -unit))
    except OverflowError:
        size = INF
    return -size if total < 0 else size


def expected_sum(finite_terms, specials, unit, negative_zeros):
    """[rounded value in hex, exact integer, counters]"""
    nans = sum(x != x for x in specials)
    plus, minus = specials.count(INF), specials.count(-INF)
    total = sum(finite_terms)
    if nans or (plus and minus):
        value = math.nan
    elif plus or minus:
        value = INF if plus else -INF
    else:
        value = rounded(total, unit, negative_zeros)
    return [hex_of(value), total, f"{nans},{plus},{minus}"]


def is_negative_zero(x):
    return x == 0 and math.copysign(1, x) < 0


def expected_total(x, integers):
    """`integers`: to_integer of each of x"""
    finite = [v for v in integers if v is not None]
    result = expected_sum(finite, [v for v in x if not math.isfinite(v)], -1074,
                          bool(x) and all(map(is_negative_zero, x)))
    if len(finite) == len(x):
        try:
            check = math.fsum(x)
        except OverflowError:  # of a partial sum
            return result
        if check != 0 and not math.isinf(check):
            assert hex_of(check) == result[0], "math.fsum and the integers disagree: the oracle is broken"
    return result


def expected_products(x, y, x_integers, y_integers):
    pairs = list(zip(x_integers, y_integers))
    finite = [a * b for a, b in pairs if a is not None and b is not None]
    specials = [a * b for a, b in zip(x, y) if not (math.isfinite(a) and math.isfinite(b))]
    negative_zeros = bool(x) and all((a == 0 or b == 0) and is_negative_zero(a * b) for a, b in zip(x, y))
    return expected_sum(finite, specials, -2148, negative_zeros)


def expected_extremes(x):
    if not x or any(v != v for v in x):
        return f"{len(x)}:{NAN_BITS}:{NAN_BITS}"
    key = lambda v: (v, math.copysign(1, v))
    return f"{len(x)}:{hex_of(min(x, key=key))}:{hex_of(max(x, key=key))}"


# ---- hostile arrays

def scaled(r, low, high):
    """A random significand at a random binade of [low, high)."""
    return math.ldexp(r.choice((-1, 1)) * (1 + r.getrandbits(52) / 2**52), r.randrange(low, high))


def any_finite(r):
    while True:
        x = from_bits(r.getrandbits(64))
        if math.isfinite(x):
            return x


def binades(r, n):
    low = r.randrange(-1074, 1000)
    width = r.choice((1, 2, 10, 25, 30, 33, 34, 35, 36, 37, 38, 60, 75, 79, 80, 81, 82, 83, 90, 120, 300, 600))
    return [scaled(r, low, min(low + width, 1024)) for _ in range(n)]


def cancelling(r, n):
    x = [any_finite(r) for _ in range(n // 2)]
    x += [-v for v in x] + [scaled(r, -1074, -900)] * (n % 2)
    r.shuffle(x)
    return x


def around_ties(r, n):
    base = scaled(r, -500, 500)
    ulp = math.ulp(base)
    return [base] + [r.choice((ulp / 2, -ulp / 2, ulp / 4, ulp / 2**30, -ulp / 2**50)) for _ in range(n - 1)]


def specials(r, n):
    some = r.sample([math.nan, from_bits(0xFFF8000000000001), from_bits(0x7FF0000000000001), INF, -INF, 0.0, -0.0, 1.5,
                     -1e308, 5e-324], r.randrange(1, 6))
    few = r.random() < 0.5
    return [r.gauss(0, 1) if few and r.random() < 0.99 else r.choice(some) for _ in range(n)]


def outlier(r, n):
    x = [r.random() for _ in range(n)]
    for _ in range(r.randrange(1, 3) if n else 0):
        x[r.randrange(n)] = r.choice((1e300, -1.7e308, 1e-300, 5e-324, -0.0, 1e30, -1e-30, INF, 2.0**900))
    return x


def stepping(r, n):
    """Runs of one scale after another, so that anchors chosen for one run do not fit the next."""
    x = []
    while len(x) < n:
        e = r.randrange(-1000, 950)
        x += [scaled(r, e, e + 30) for _ in range(r.choice((3, 64, 1024, 4096)))]
    return x[:n]


def small_products(r, n):
    """Squares and products that underflow beside some that do not."""
    choices = (1.0, 2.0**-27, 1e-200, -1e-160, 2.0**-480, 2.0**-481, 2.0**-537, 5e-324, 1e-154, 0.0)
    some = r.sample(choices, r.randrange(2, 5))
    return [r.choice(some) for _ in range(n)]


KINDS = {
    "uniform": lambda r, n: [r.random() for _ in range(n)],
    "normal": lambda r, n: [r.gauss(0, 1) for _ in range(n)],
    "any finite": lambda r, n: [any_finite(r) for _ in range(n)],
    "any bits": lambda r, n: [from_bits(r.getrandbits(64)) for _ in range(n)],
    "binades": binades,
    "cancelling": cancelling,
    "subnormal": lambda r, n: [from_bits(r.getrandbits(r.randrange(1, 53)) | r.getrandbits(1) << 63) for _ in range(n)],
    "negative zeros": lambda r, n: [-0.0] * n,
    "zeros": lambda r, n: [r.choice((0.0, -0.0)) for _ in range(n)],
    "sparse": lambda r, n: [r.gauss(0, 1) if r.random() < 0.05 else r.choice((0.0, -0.0)) for _ in range(n)],
    "specials": specials,
    "huge": lambda r, n: [r.choice((-1, 1, 1)) * from_bits(0x7FEFFFFFFFFFFFFF - r.getrandbits(r.randrange(1, 54)))
                          for _ in range(n)],
    "ties": around_ties,
    "outlier": outlier,
    "stepping": stepping,
    "small products": small_products,
    "constant": lambda r, n: [any_finite(r)] * n,
    "integers": lambda r, n: [float(r.randrange(-10, 11)) for _ in range(n)],
    "large integers": lambda r, n: [float(r.getrandbits(53)) for _ in range(n)],
}


def make_case(seed):
    r = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    n = r.choice(LONG_SIZES) if r.random() < 0.03 else r.choice((r.choice(SIZES), r.randrange(301)))
    x = KINDS[kind](r, n)[:n]
    other = r.random()
    if other < 0.4:
        y = KINDS[kind](r, n)[:n]
    elif other < 0.6:  # products that cancel: half of them once more with the other sign
        half = [any_finite(r) for _ in range(n // 2)]
        y = half + [-v for v in half] + [1.0] * (n % 2)
        x = x[:n // 2] * 2 + x[:n % 2]
    else:
        y = KINDS[r.choice(list(KINDS))](r, n)[:n]
    return kind, x, y


# ---- the driver's answers

def parse(text):
    """One answer for a sum, as expected_sum() gives it; None where targets or threads disagree."""
    if "|" in text:
        return None
    value, limbs, counters = text.split(":")
    last, others = limbs.split(",")
    return [value, (int(last) << 4 * len(others)) + int(others, 16), counters]


def wrong_parts(line, x, y):
    total, squares, products, extremes = line.split(" ")
    x_integers, y_integers = list(map(to_integer, x)), list(map(to_integer, y))
    for what, got, wanted in (("sum", parse(total), expected_total(x, x_integers)),
                              ("sumsq", parse(squares), expected_products(x, x, x_integers, x_integers)),
                              ("dot", parse(products), expected_products(x, y, x_integers, y_integers)),
                              ("count:min:max", extremes, expected_extremes(x))):
        if got != wanted:
            yield what, got, wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    full = os.environ.get("CONCDEMO_FULL") == "1"
    parser.add_argument("--cases", type=int, default=50_000 if full else 2500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_DYNAMIC": "false"}
    wrong = 0
    for first in range(0, options.cases, 100):
        seeds = [options.seed * 1_000_003 + i for i in range(first, min(first + 100, options.cases))]
        cases = [make_case(seed) for seed in seeds]
        data = b"".join(struct.pack(f"<II{2 * len(x)}d", len(x), seed % 2**32, *x, *y)
                        for seed, (_, x, y) in zip(seeds, cases))
        run = subprocess.run([options.driver], input=data, stdout=subprocess.PIPE, env=environment, check=True)
        lines = run.stdout.decode().splitlines()
        if len(lines) != len(cases):
            sys.exit(f"{options.driver} answered {len(lines)} of {len(cases)} cases")
        for seed, (kind, x, y), line in zip(seeds, cases, lines):
            for what, got, wanted in wrong_parts(line, x, y):
                wrong += 1
                if wrong == 1:
                    print(f"wrong: {what} of case seed {seed} ({kind}, {len(x)} elements)\n  got    {got}\n"
                          f"  wanted {wanted}\n  x {raw_hex(x)}\n  y {raw_hex(y)}")
    print(f"{options.cases} cases, seed {options.seed}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
