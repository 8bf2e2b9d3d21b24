#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check-rst.py FILE...: what docutils complains about, one line each, without line numbers.

Documentation/ is made for Sphinx: its roles and directives are taken as plain text here. Tables, indentation,
section titles, references to labels of the same file and literal blocks are checked.
"""

import io
import re
import sys

from docutils import core, nodes
from docutils.parsers.rst import Directive, directives, roles

ROLES = "ref doc c:func c:type c:struct c:macro kernel-doc term manpage envvar".split()
DIRECTIVES = "toctree kernel-doc c:function c:type c:struct index only flat-table kernel-figure code-block".split()


class Ignored(Directive):
    """A directive of Sphinx: any argument, any option, any content."""

    optional_arguments = 100
    final_argument_whitespace = True
    has_content = True
    option_spec = None

    def run(self):
        return []


def plain(_name, raw, text, _line, _inliner, options=None, content=None):
    return [nodes.literal(raw, text)], []


def complaints(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    said = io.StringIO()
    settings = {"report_level": 2, "halt_level": 5, "warning_stream": said, "file_insertion_enabled": False}
    core.publish_doctree(text, source_path=path, settings_overrides=settings)
    first = re.compile(r"^.*?:\d+: (\((?:WARNING|ERROR|SEVERE)/\d\) .*)")
    return [match[1] for match in map(first.match, said.getvalue().splitlines()) if match]


def main():
    for name in ROLES:
        roles.register_local_role(name, plain)
    for name in DIRECTIVES:
        directives.register_directive(name, Ignored)
    for path in sys.argv[1:]:
        for line in complaints(path):
            print(f"{path}: warning: {line}")


main()
