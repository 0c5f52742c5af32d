"""What a lesson writes out, taken from its notebook for tests to compare with the package's."""

import ast
from pathlib import Path
from types import SimpleNamespace

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (*IMPORTS, ast.FunctionDef, ast.ClassDef)


def is_definition(node):
    """Is it an import, a function, a class or a constant in capitals?"""
    return (
        isinstance(node, DEFINITIONS)
        or isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]).isupper()
    )


def load(notebook, names):
    """Return the functions and classes `names` of `notebooks/<notebook>.ipynb` as one object.

    Only imports are executed, and of the cells that define one of these names the definitions, in
    order. Raises KeyError for a name that no cell defines.
    """
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    namespace, found = {}, set()
    for cell in (cell for cell in cells if cell.cell_type == "code"):
        statements = ast.parse(cell.source).body
        kinds = ast.FunctionDef, ast.ClassDef
        defined = {node.name for node in statements if isinstance(node, kinds)} & set(names)
        if defined or all(isinstance(node, IMPORTS) for node in statements):
            wanted = ast.Module(
                [node for node in statements if is_definition(node)], type_ignores=[]
            )
            exec(compile(wanted, f"{notebook}.ipynb", "exec"), namespace)
            found |= defined
    if missing := set(names) - found:
        raise KeyError(f"{notebook}.ipynb defines no function {', '.join(sorted(missing))}")
    return SimpleNamespace(**{name: namespace[name] for name in names})
