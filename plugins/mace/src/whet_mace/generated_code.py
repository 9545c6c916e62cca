"""Generated code: the code that MACE files carry, and what may be in it.

e3nn and opt_einsum_fx write code for each model: e3nn keeps it as TorchScript, torch.fx as Python, and both are run by
whoever loads the file. TorchScript is no sandbox (`torch.save` and `torch.from_file` write to any place). What e3nn
and opt_einsum_fx generate is plain, though: tensors are reshaped, multiplied and contracted, and nothing else. So it is
parsed, and every node, name and call of it has to be one of those; anything else is refused before it is compiled.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from whet_mace.archives import archive_of, records

OPERATIONS = (
    "__is__ add broadcast_tensors broadcast_to cat device div einsum empty expand mul narrow neg new_zeros numel ones "
    "permute reshape select size slice squeeze stack sub sum tensordot to transpose unsqueeze zeros"
)
"""Of torch, in TorchScript: they compute on tensors and touch nothing else."""

IMPORTS = frozenset(
    {
        "import torch",
        "import torch.fx",
        "import torch.fx._pytree as fx_pytree",
        "import torch.utils._pytree as pytree",
        "from math import inf",
        "from math import nan",
        "from torch import device",
        "NoneType = type(None)",
        "",
    }
)
"""Lines that torch.fx puts before every forward that it writes."""

SCRIPTED = re.compile(
    r"torch\.(" + "|".join(OPERATIONS.split()) + r")|ops\.prim\.RaiseException|self\._code|self\._w3j_\d+_\d+_\d+|"
    r"__torch__\.torch\.functional\.___torch_mangle_\d+\.(tensordot|einsum|broadcast_tensors)|"
    r"__torch__\.torch\.functional\.(tensordot|einsum|broadcast_tensors)|"
    r"__torch__\.torch\.fx\.graph_module(\.___torch_mangle_\d+)?\.(GraphModule|tp_forward)"
)
"""Dotted names in TorchScript."""

TRACED = re.compile(r"torch\.functional\.(tensordot|einsum)|torch\.(tensordot|einsum)|\w+\.(permute|reshape)")
"""Dotted names in a forward of torch.fx; permute and reshape are methods of tensors."""

PLAIN_CALLS = re.compile(r"annotate|unchecked_cast|uninitialized|_\d+")
"""Calls of TorchScript without a dot; _1 is a local name of one of the dotted ones."""

CALCULUS = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.Return, ast.Expr, ast.Call, ast.keyword),
    *(ast.Name, ast.Attribute, ast.Constant, ast.Tuple, ast.List, ast.Subscript, ast.Slice, ast.Load, ast.Store),
    *(ast.UnaryOp, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div),
)
DECLARATIONS = (ast.ClassDef, ast.AnnAssign, ast.If, ast.Pass)

GRAPH_FACTS = frozenset({"_code", "_tracer_cls", "training", "_lineno_map", "_prologue_start", "_graphmodule_cls_name"})
"""What of a torch.fx module's state may hold something."""


class ForeignCode(ValueError):
    """Code that no MACE model needs."""


def checked_script(archive: bytes) -> bytes:
    """A TorchScript archive with the same records, all of whose code e3nn can have generated. Raises ForeignCode."""
    try:
        found = records(archive)
    except ValueError as error:
        raise ForeignCode(f"TorchScript of which {error}") from error
    for name, content in found.items():
        if name.startswith("code/") and name.endswith(".py"):
            # Where Python and TorchScript could part ways: escapes, comments, continued lines, long strings.
            text = content.decode("ascii", errors="replace")
            if re.search(r"[^\n -~]|[\\#]|\"\"\"|'''", text):
                raise ForeignCode(f"TorchScript with signs that e3nn does not write, in {name}")
            _check(text, "TorchScript", (*CALCULUS, *DECLARATIONS), SCRIPTED, {"__code_getter", "forward", "tensordot"})
        elif not re.fullmatch(r"data\.pkl|constants\.pkl|version|byteorder|\.data/serialization_id|\.format_version|"
                              r"\.storage_alignment|(data|constants)/\d+|code/.*\.py\.debug_pkl", name):  # fmt: skip
            raise ForeignCode(f"TorchScript with a record {name!r}")
    # Classes of C++ run code of their own when they are read; TorchScript names what it reads in plain text.
    if any(b"torch.classes" in found.get(name, b"") for name in ("data.pkl", "constants.pkl")):
        raise ForeignCode("TorchScript with classes of C++")
    return archive_of(found)


def check_graph(body: object, imports: object) -> None:
    """Raises ForeignCode for a module of torch.fx that opt_einsum_fx did not write.

    body: its state. imports: the Python before its forward. Both as torch.fx hands them to what rebuilds the module.
    """
    if not isinstance(body, dict) or not isinstance(imports, str) or not isinstance(body.get("_code"), str):
        raise ForeignCode("a module of torch.fx that is none")
    for name, value in body.items():
        if name not in GRAPH_FACTS and value is not None and value is not False and not _is_empty(value):
            raise ForeignCode(f"a module of torch.fx with {name}")
    if strange := [line for line in imports.split("\n") if line not in IMPORTS]:
        raise ForeignCode(f"Python: {strange[0][:60]}")
    _check(body["_code"], "Python", CALCULUS, TRACED, {"forward"})


def _is_empty(value: object) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes) and len(value) == 0


def _check(
    text: str, language: str, nodes: tuple[type[ast.AST], ...], dotted: re.Pattern[str], functions: set[str]
) -> None:
    """ForeignCode unless every node is one of these, and every function and dotted name has one of these names."""
    try:
        todo: list[ast.AST] = [ast.parse(text)]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ForeignCode(f"{language} that cannot be read") from error
    while todo:
        node = todo.pop()
        if not isinstance(node, nodes):
            raise ForeignCode(f"{language} with {type(node).__name__}")
        if isinstance(node, ast.Attribute):
            name = _dotted(node)
            if not dotted.fullmatch(name):
                raise ForeignCode(f"{language}: {name[:60]}")
            continue  # its parts are part of the name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if language == "Python" or not PLAIN_CALLS.fullmatch(node.func.id):
                raise ForeignCode(f"{language}: {node.func.id[:60]}()")
        elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            raise ForeignCode(f"{language} that calls what it made")
        if isinstance(node, ast.FunctionDef) and (node.name not in functions or node.decorator_list):
            raise ForeignCode(f"{language} that defines {node.name[:60]}")
        todo.extend(ast.iter_child_nodes(node))


def _dotted(node: ast.expr) -> str:
    """`a.b.c`; `?.c` where what comes before is no plain name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "?", *reversed(parts)])
