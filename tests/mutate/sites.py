# SPDX-License-Identifier: MIT
"""One-line changes of a C source: comparisons, conditions, error returns.

A site is one change of one expression. apply() rewrites an expression E with changes E1, E2 into
"(mutant(1) ? (E1) : mutant(2) ? (E2) : (E))", so that one build holds all of them.
"""
import re
from dataclasses import dataclass

# An operator with its spaces, and what replaces it
OPERATORS = {
    ' == ': [' != '],
    ' != ': [' == '],
    ' < ': [' <= ', ' >= '],
    ' <= ': [' < '],
    ' > ': [' >= ', ' <= '],
    ' >= ': [' > '],
    ' && ': [' || '],
    ' || ': [' && '],
}
OPERATOR = re.compile(r' (==|!=|<=|>=|<|>|&&|\|\|) ')
CONDITION = re.compile(r'^(\s*(?:\} )?(?:else )?(?:if|while) )\(')
RETURN = re.compile(r'^(\s*return )(.+)(;)$')
ASSIGNMENT = re.compile(r'^(\s*[\w>.\[\]*()-]+ \|?= )(.+)(;)$')
ERROR = re.compile(r'^-(E[A-Z0-9]+|errno)$')


@dataclass(frozen=True)
class Site:
    """One change; `line` counts from 0, `start` and `end` bound the expression in that line."""
    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self):
        return f'{self.path} | {self.old} | {self.new}'

    def described(self):
        return f'{self.path}:{self.line + 1} | {self.old} | {self.new}'


def masked(line):
    """The line with the contents of strings, characters and comments blanked out, same length."""
    blank = lambda found: found.group(0)[0] + ' ' * (len(found.group(0)) - 2) + found.group(0)[-1]
    line = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', blank, line)
    return re.sub(r'/\*.*?\*/|//.*$', lambda found: ' ' * len(found.group(0)), line)


def closing(text, start):
    """Index of the parenthesis that closes the one at `start`, or -1."""
    depth = 0
    for index in range(start, len(text)):
        depth += {'(': 1, ')': -1}.get(text[index], 0)
        if depth == 0:
            return index
    return -1


def joined(text):
    """The lines of a source; a condition or return over several lines becomes one, followed by empty lines."""
    lines = text.split('\n')
    for number, line in enumerate(lines):
        if not (CONDITION.match(line) or re.match(r'^\s*return ', line)):
            continue
        last = number
        while masked(lines[number]).count('(') > masked(lines[number]).count(')') or \
                (re.match(r'^\s*return ', line) and not masked(lines[number]).rstrip().endswith(';')):
            last += 1
            if last >= len(lines) or last > number + 8:
                break
            lines[number] += ' ' + lines[last].strip()
            lines[last] = ''
    return lines


def expression(line):
    """(start, end, kind) of the expression of a line that can be changed, or None."""
    plain = masked(line).rstrip()
    if plain.endswith('\\') or plain.lstrip().startswith(('#', '*')):
        return None
    found = CONDITION.match(plain)
    if found:
        end = closing(plain, found.end() - 1)
        return (found.end(), end, 'condition') if end > 0 else None
    found = RETURN.match(plain)
    if found:
        return found.start(2), found.end(2), 'return'
    found = ASSIGNMENT.match(plain)
    if found and OPERATOR.search(found.group(2)):
        return found.start(2), found.end(2), 'assignment'
    return None


def changes(old, kind):
    """Every change of an expression."""
    plain = masked(old)
    if kind == 'return':
        if ERROR.match(plain):
            return ['0']
        if plain in ('true', 'false'):
            return [{'true': 'false', 'false': 'true'}[plain]]
    result = []
    for found in OPERATOR.finditer(plain):
        for new in OPERATORS[found.group(0)]:
            result.append(old[:found.start()] + new + old[found.end():])
    if kind == 'condition' and not result and plain.strip() not in ('0', '1', 'true'):
        result.append(f'!({old})')
    return result


def sites(path, text):
    """All sites of a source file."""
    result = []
    for number, line in enumerate(joined(text)):
        where = expression(line)
        if where:
            start, end, kind = where
            for new in changes(line[start:end], kind):
                result.append(Site(path, number, start, end, line[start:end], new))
    return result


def apply(text, numbered):
    """The source with the changes of `numbered`, pairs of number and site of this file."""
    lines = joined(text)
    by_line = {}
    for number, site in numbered:
        by_line.setdefault(site.line, []).append((number, site))
    for line, group in by_line.items():
        first = group[0][1]
        chain = ''.join(f'mutant({number}) ? ({site.new}) : ' for number, site in group)
        lines[line] = lines[line][:first.start] + f'({chain}({first.old}))' + lines[line][first.end:]
    return '\n'.join(lines)
