"""Reads {path: text} from standard input; writes the tools that these Python files define, with lines, as JSON. Uses Python's own parser."""

import ast
import inspect
import json
import re
import sys

SECTION = re.compile(r"^\s*(args|arguments|parameters|params|returns?|raises|yields|examples?|notes?|attributes|references)\s*:?\s*$", re.I)
ENTRY = re.compile(r"^(\s+)(\w+)\s*(\([^)]*\))?\s*:\s*(\S.*)$")


def text_of(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left), text_of(node.right)
        return None if left is None or right is None else left + right
    return None


def lines_of(node):
    return [node.lineno, node.end_lineno]


def entries(node):
    if not isinstance(node, ast.Dict):
        return {}
    return {key.value: value for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def described(node, name, parts):
    """A JSON schema written as a dictionary: its properties, at every depth."""
    fields = entries(node)
    text = text_of(fields.get("description"))
    if name and text is not None:
        parts.append({"part": name, "description": text, "lines": lines_of(fields["description"])})
    for key, value in entries(fields.get("properties")).items():
        described(value, f"{name}.{key}" if name else key, parts)
    if "items" in fields:
        described(fields["items"], name, parts)


def from_dictionary(node):
    fields = entries(node)
    name, text = text_of(fields.get("name")), text_of(fields.get("description"))
    schema = next((fields[key] for key in ("parameters", "input_schema", "inputSchema") if key in fields), None)
    if not name or not text or not isinstance(schema, ast.Dict):
        return None
    parts = []
    described(schema, "", parts)
    return {"name": name, "description": text, "lines": lines_of(fields["description"]), "parts": parts}


def from_class(node):
    values = {}
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AnnAssign) else []
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and statement.value is not None:
            values[targets[0].id] = statement.value
    name, text = text_of(values.get("name")), text_of(values.get("description"))
    if not name or not text or not ("inputs" in values or any("Tool" in ast.unparse(base) for base in node.bases)):
        return None
    parts = []
    for key, value in entries(values.get("inputs")).items():
        described(value, key, parts)
    return {"name": name, "description": text, "lines": lines_of(values["description"]), "parts": parts}


def decorator_name(node):
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def from_function(node):
    if not any(re.search(r"(^|_)tool$", decorator_name(one)) for one in node.decorator_list):
        return None
    # A name that the decorator gives is no longer the function's.
    if any(isinstance(one, ast.Call) and any(word.arg in ("name", "name_override", "description") for word in one.keywords) for one in node.decorator_list):
        return None
    if any(isinstance(one, ast.Call) and one.args and text_of(one.args[0]) for one in node.decorator_list):
        return None
    statement = node.body[0]
    if not isinstance(statement, ast.Expr) or text_of(statement.value) is None:
        return None
    raw = text_of(statement.value)
    first = statement.value.lineno
    raw_lines = raw.split("\n")
    if len(raw_lines) != statement.value.end_lineno - first + 1:
        return None
    ends = [index for index, line in enumerate(raw_lines) if SECTION.match(line)]
    end = ends[0] if ends else len(raw_lines)
    head = inspect.cleandoc("\n".join(raw_lines[:end])).strip()
    if not head:
        return None
    return {
        "name": node.name,
        "description": head,
        "whole": inspect.cleandoc(raw),
        "lines": [first, first + end - 1],
        "wholeLines": lines_of(statement.value),
        "parts": documented(raw_lines, first, {one.arg for one in node.args.args + node.args.kwonlyargs}),
    }


def documented(raw_lines, first, arguments):
    parts = []
    inside = None
    for index, line in enumerate(raw_lines):
        if SECTION.match(line):
            inside = len(line) - len(line.lstrip()) if re.match(r"\s*(args|arguments|parameters|params)\s*:", line, re.I) else None
            continue
        match = ENTRY.match(line)
        if inside is not None and match and len(match.group(1)) > inside and match.group(2) in arguments:
            parts.append({"part": match.group(2), "description": match.group(4).strip(), "lines": [first + index, first + index], "indent": len(match.group(1))})
        elif inside is not None and line.strip() and parts and len(line) - len(line.lstrip()) > parts[-1].get("indent", 0):
            parts[-1]["description"] += " " + line.strip()
            parts[-1]["lines"][1] = first + index
        elif line.strip():
            inside = None if inside is not None and len(line) - len(line.lstrip()) <= inside else inside
    return [{key: value for key, value in part.items() if key != "indent"} for part in parts]


def from_call(node):
    target = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    if not target.endswith("Tool"):
        return None
    words = {word.arg: word.value for word in node.keywords}
    name, text = text_of(words.get("name")), text_of(words.get("description"))
    if not name or not text:
        return None
    parts = []
    schema = next((words[key] for key in ("parameters", "input_schema", "inputSchema", "params_json_schema") if key in words), None)
    described(schema, "", parts)
    return {"name": name, "description": text, "lines": lines_of(words["description"]), "parts": parts}


READERS = [(ast.Dict, from_dictionary), (ast.ClassDef, from_class), (ast.FunctionDef, from_function), (ast.AsyncFunctionDef, from_function), (ast.Call, from_call)]


def tools_in(path, text):
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = []
    for node in ast.walk(tree):
        for kind, read in READERS:
            tool = read(node) if isinstance(node, kind) else None
            if tool is not None:
                found.append({"path": path, **tool})
    return found


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    json.dump([tool for path, text in json.load(sys.stdin).items() for tool in tools_in(path, text)], sys.stdout)
