"""Sources of mutants, and which of them only word an error differently; read by mutants.py."""

import ast
import difflib
import re
import textwrap


def functions(code: str) -> dict[str, str]:
    """Return the source of each original and mutant in a mutated file, all under the original's own name."""
    lines = code.splitlines()
    found = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name:
            source = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
            found[node.name] = source.replace(node.name, _own_name(node.name), 1)
    return found


def _own_name(generated: str) -> str:
    """Return `run` of `x_run__mutmut_1` and of `xǁRunnerǁrun__mutmut_1`."""
    return re.split("_|ǁ.*ǁ", generated.partition("__mutmut_")[0], maxsplit=1)[1]


def diff(original: str, mutant: str) -> str:
    """Return what a mutant changes, with the lines around."""
    lines = difflib.unified_diff(original.splitlines(), mutant.splitlines(), lineterm="")
    return "\n".join(list(lines)[2:])


def only_wording(original: str, mutant: str) -> bool:
    """Say whether a mutant differs in nothing but words of an error's message or of a line of progress."""
    trees = [_WithoutWords().visit(ast.parse(source)) for source in (original, mutant)]
    return ast.dump(trees[0]) == ast.dump(trees[1])


class _WithoutWords(ast.NodeTransformer):
    """Empties the literals that are text of a message; names, keys and values in it stay."""

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args = [_emptied(argument) for argument in node.exc.args]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "unknown_name":
            node.args[:1] = map(_emptied, node.args[:1])
        if isinstance(node.func, ast.Name) and node.func.id == "progress":
            node.args[1:], node.keywords = [], []
        return self.generic_visit(node)


def _emptied(node: ast.expr) -> ast.expr:
    """Return an expression of text without the words in it."""
    match node:
        case ast.Constant(value=str()):
            return ast.Constant("")
        case ast.JoinedStr():
            node.values = [_emptied(value) for value in node.values]
        case ast.FormattedValue():
            node.value = _emptied(node.value)
        case ast.IfExp():
            node.body, node.orelse = _emptied(node.body), _emptied(node.orelse)
        case ast.Call(func=ast.Attribute(attr="join")):
            node.func.value = _emptied(node.func.value)
    return node
