"""Takes out of a syntax tree what is only said: no result depends on the words of a message.

Not code are arguments of `raise`, of `print`, of warnings and of logging, and the labels of `progress`; assignments of
a block that ends in `raise`, which only its message can use; and private functions that nothing else uses any more.

An exception whose words end up in a file would change it unseen. So a file records a code, which is the exception's
class; see `nascore.data.source.CorruptImage`.
"""

import ast
from collections import Counter

SPOKEN = ("nascore.errors", "nascore.progress")
"""Modules that only say something: how an error is worded, and how far a job is."""
SPEAKERS = {"print", "warn", "debug", "info", "warning", "error", "exception", "critical", "log"}
"""Functions and methods whose call, as a statement of its own, only says something."""
BLOCKS = ("body", "orelse", "finalbody")


def without_words(tree: ast.Module) -> None:
    """Change a tree to what it computes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            _silence_error(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value) in SPEAKERS:
            node.value.args, node.value.keywords = [], []
        elif isinstance(node, ast.Call) and _name(node) == "progress":
            node.args, node.keywords = node.args[:1], []
        for field in BLOCKS:
            block = getattr(node, field, None)
            if isinstance(block, list):
                _drop_preparation(block)
    _drop_unused(tree)


def _name(call: ast.Call) -> str:
    """Return the last name of what is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _silence_error(node: ast.Raise) -> None:
    """Leave the class of an error."""
    node.cause = None
    if isinstance(node.exc, ast.Call):
        node.exc.args, node.exc.keywords = [], []


def _drop_preparation(block: list[ast.stmt]) -> None:
    """Remove the assignments right before the `raise` that ends a block."""
    if not block or not isinstance(block[-1], ast.Raise):
        return
    while len(block) > 1 and isinstance(block[-2], ast.Assign | ast.AnnAssign):
        del block[-2]


def _drop_unused(tree: ast.Module) -> None:
    """Remove private functions without a use, until there are none."""
    while True:
        private = [
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("_") and not node.decorator_list
        ]
        uses = _uses(tree)
        unused = [node for node in private if uses[node.name] == _uses(node)[node.name]]
        if not unused:
            return
        tree.body = [node for node in tree.body if node not in unused]


def _uses(tree: ast.AST) -> Counter[str]:
    """Count the uses of each name."""
    nodes = list(ast.walk(tree))
    names = Counter(node.id for node in nodes if isinstance(node, ast.Name))
    return names + Counter(node.attr for node in nodes if isinstance(node, ast.Attribute))
