# SPDX-License-Identifier: MIT
"""Runs the functions test_* of a module and prints TAP."""


def run(names):
    """@names: globals() of the module. Returns whether a test failed."""
    failed = 0
    tests = [(name, test) for name, test in names.items() if name.startswith('test_')]
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {name}')
        except AssertionError as error:
            failed += 1
            print(f'not ok {number} - {name}\n# {error!r}')
    print(f'1..{len(tests)}')
    return failed > 0
