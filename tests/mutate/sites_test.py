#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which changes are made of which lines. Prints TAP."""
import sites

CASES = [
    ('\tif (a == b)', ['a != b']),
    ('\tif (a < b && c)', ['a <= b && c', 'a >= b && c', 'a < b || c']),
    ('\tif (!ready)', ['!(!ready)']),
    ('\t} else if (f(a, " == ") > 0) {', ['f(a, " == ") >= 0', 'f(a, " == ") <= 0']),
    ('\twhile (p->next)', ['!(p->next)']),
    ('\treturn -EINVAL;', ['0']),
    ('\treturn -errno;', ['0']),
    ('\treturn true;', ['false']),
    ('\treturn a << 2;', []),
    ('\treturn a >= 2; /* b == c */', ['a > 2']),
    ('\tx->ok = a != b;', ['a == b']),
    ('\tx = y;', []),
    ('\tif (a &&\n\t    b == c)', ['a || b == c', 'a && b != c']),
    ('#define X(a) (a == 1)', []),
    ('\tif (a == 1) \\', []),
    (' * if (a == b)', []),
    ('\tputs("if (a == b)");', []),
]


def main():
    failed = 0
    for number, (text, wanted) in enumerate(CASES, 1):
        got = [site.new for site in sites.sites('x.c', text)]
        failed += got != wanted
        print(f'{"ok" if got == wanted else "not ok"} {number} - changes of {text.strip()!r}')
        if got != wanted:
            print(f'# {got}, expected {wanted}')
    text = '\tif (a < b)\n\t\treturn -EINVAL;'
    found = sites.sites('x.c', text)
    got = sites.apply(text, [(1, found[0]), (2, found[1]), (3, found[2])])
    wanted = '\tif ((mutant(1) ? (a <= b) : mutant(2) ? (a >= b) : (a < b)))\n\t\treturn (mutant(3) ? (0) : (-EINVAL));'
    failed += got != wanted
    print(f'{"ok" if got == wanted else "not ok"} {len(CASES) + 1} - all changes in one source')
    return failed > 0


if __name__ == '__main__':
    raise SystemExit(main())
