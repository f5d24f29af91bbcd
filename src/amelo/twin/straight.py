"""Straight-line text, one operation a line, handed to LLVM as it stands; part of the modules that amelo writes.

Numba finds the type of every name, and writes instructions for every operation, in Python: for a text of thousands of lines that takes
many times as long as LLVM needs to compile it.  In straight-line text every name is a float that is set once, so that a line is an
instruction; what Numba compiles calls the whole as one function.  Exponential and logarithm are written into it from their Python text.
"""

from __future__ import annotations

import ast
import inspect
import struct
from collections.abc import Callable

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

__all__ = ["straight"]


# --- functions ---


def straight(
    name: str, text: str, *, stride: int, lanes: int, inwards: bool, called: tuple = (), flags: str = "contract nsz"
) -> Callable:
    """Return a function (w, first, last) for code that Numba compiles: it runs a text over the cells ``first`` to ``last`` of a flat array.

    Arguments: name; text (lines over ``w[b + l + …]``, where ``b`` is where a cell begins and ``l`` the lane); stride [numbers of a
    cell]; lanes; inwards (from first to last, or back); called (functions of floats by whose names it calls them); flags (of LLVM's
    arithmetic).
    """

    @intrinsic(prefer_literal=False)
    def run(context, w, first, last):
        def generate(ctx, builder, signature, arguments):
            if not text.strip():
                return ctx.get_dummy_value()
            unique = f"{builder.function.name}.{name}"  # of whatever is loaded together, the first of a name is used
            function = builder.module.globals.get(unique)
            if function is None:
                whole = _function(unique, text, stride, lanes, inwards, called, flags)
                ctx.active_code_library.add_llvm_module(binding.parse_assembly(whole))
                index, pointer = ir.IntType(64), ir.DoubleType().as_pointer()
                function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [pointer, index, index]), unique)
            array = ctx.make_array(signature.args[0])(ctx, builder, arguments[0])
            builder.call(function, [array.data, arguments[1], arguments[2]])
            return ctx.get_dummy_value()

        return types.void(w, types.int64, types.int64), generate

    return run


def _function(name: str, text: str, stride: int, lanes: int, inwards: bool, called: tuple, flags: str) -> str:
    """Return the LLVM text of a pass: for every cell, for every lane, the lines."""
    helpers = {one.__name__: f"{name}.{one.__name__}" for one in called}
    # some processors are thought to like shorter vectors better, wrongly where lanes fill the long ones
    wide = ' "prefer-vector-width"="512"' if lanes >= 8 else ""
    parts = [f'declare double @llvm.sqrt.f64(double)\ndefine void @"{name}"(ptr %w, i64 %first, i64 %last) nounwind{wide} {{']
    parts += ["entry:", "  %some = icmp sle i64 %first, %last", "  br i1 %some, label %cell, label %end"]
    begin, end, by = ("%first", "%last", 1) if inwards else ("%last", "%first", -1)
    parts += [
        "cell:",
        f"  %k = phi i64 [ {begin}, %entry ], [ %k.next, %next ]",
        f"  %b = mul i64 %k, {stride}",
        "  br label %lane",
    ]
    parts += ["lane:", "  %l = phi i64 [ 0, %cell ], [ %l.next, %lane ]", "  %at = add i64 %b, %l"]
    parts += _instructions(ast.parse(text).body, {}, helpers, flags)
    parts += [
        "  %l.next = add nuw nsw i64 %l, 1",
        f"  %l.done = icmp eq i64 %l.next, {lanes}",
        "  br i1 %l.done, label %next, label %lane",
    ]
    parts += [
        "next:",
        f"  %k.next = add i64 %k, {by}",
        f"  %done = icmp eq i64 %k, {end}",
        "  br i1 %done, label %end, label %cell",
    ]
    parts += ["end:", "  ret void", "}"]
    for one in called:
        (tree,) = ast.parse(inspect.getsource(one.py_func)).body
        arguments = {a.arg: (f"%{a.arg}", "double") for a in tree.args.args}
        given = ", ".join(f"double {value}" for value, _ in arguments.values())
        parts += [f'define linkonce_odr double @"{helpers[one.__name__]}"({given}) alwaysinline nounwind {{']
        parts += [*_instructions(tree.body, arguments, helpers, flags), "}"]
    return "\n".join(parts) + "\n"


def _offset(place: ast.expr) -> int:
    """Return the number in the index ``b + l + …`` of a place."""
    match place:
        case ast.Name():
            return 0
        case ast.Constant(value=int(number)):
            return number
        case ast.Call(func=ast.Name(id="uint64"), args=[inner]):
            return _offset(inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _offset(left) + _offset(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _offset(left) - _offset(right)
    raise ValueError(f"'{ast.unparse(place)}' is no place")


def _instructions(lines: list[ast.stmt], known: dict[str, tuple[str, str]], helpers: dict[str, str], flags: str) -> list[str]:
    """Return the LLVM instructions of straight-line statements.

    Arguments: lines; known (name: value and type of what is set before); helpers (name of a function that may be called: name in
    LLVM); flags.
    Raises: ValueError for what is not straight-line arithmetic.
    """
    known, out = dict(known), []
    compared = {
        ast.Lt: ("olt", "slt"),
        ast.LtE: ("ole", "sle"),
        ast.Gt: ("ogt", "sgt"),
        ast.GtE: ("oge", "sge"),
        ast.Eq: ("oeq", "eq"),
    }
    compared[ast.NotEq] = ("une", "ne")
    floats = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
    wholes = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.LShift: "shl", ast.RShift: "ashr"}

    def made(text: str, kind: str = "double") -> tuple[str, str]:
        out.append(f"  %t{len(out)} = {text}")
        return f"%t{len(out) - 1}", kind

    def place(node: ast.Subscript) -> str:
        value, _ = made(f"add i64 %at, {_offset(node.slice)}", "i64")
        return made(f"getelementptr double, ptr %w, i64 {value}", "ptr")[0]

    def number(value: float) -> tuple[str, str]:
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}", "double"

    def pair(left: ast.expr, right: ast.expr) -> tuple[str, str, str]:
        (one, kind), (other, other_kind) = value_of(left), value_of(right)
        if kind != other_kind:
            raise ValueError(f"'{ast.unparse(left)}' and '{ast.unparse(right)}' are not of one type")
        return one, other, kind

    def value_of(node: ast.expr) -> tuple[str, str]:
        match node:
            case ast.Name(id=name):
                if name not in known:
                    raise ValueError(f"{name} is not set")
                return known[name]
            case ast.Constant(value=float(value)):
                return number(value)
            case ast.Constant(value=int(value)):
                return str(value), "i64"
            case ast.Attribute(value=ast.Name(id="np"), attr="nan"):
                return number(float("nan"))
            case ast.Subscript():
                return made(f"load double, ptr {place(node)}, align 8")
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float(value))):
                return number(-value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return made(f"fneg {flags} double {value_of(operand)[0]}")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in floats or type(op) in wholes:
                one, other, kind = pair(left, right)
                return made(
                    f"{floats[type(op)]} {flags} double {one}, {other}"
                    if kind == "double"
                    else f"{wholes[type(op)]} i64 {one}, {other}",
                    kind,
                )
            case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right]), body=yes, orelse=no):
                one, other, kind = pair(left, right)
                words = compared[type(op)]
                test, _ = made(
                    f"fcmp {flags} {words[0]} double {one}, {other}" if kind == "double" else f"icmp {words[1]} i64 {one}, {other}"
                )
                one, other, kind = pair(yes, no)
                return made(f"select i1 {test}, {kind} {one}, {kind} {other}", kind)
            case ast.Call(func=ast.Name(id="sqrt"), args=[x]):
                return made(f"call {flags} double @llvm.sqrt.f64(double {value_of(x)[0]})")
            case ast.Call(func=ast.Name(id="bits"), args=[x]):
                return made(f"bitcast double {value_of(x)[0]} to i64", "i64")
            case ast.Call(func=ast.Name(id="real"), args=[x]):
                return made(f"bitcast i64 {value_of(x)[0]} to double")
            case ast.Call(func=ast.Name(id=name), args=given) if name in helpers:
                listed = ", ".join(f"double {value_of(x)[0]}" for x in given)
                return made(f'call {flags} double @"{helpers[name]}"({listed})')
        raise ValueError(f"'{ast.unparse(node)}' is no straight-line arithmetic")

    for line in lines:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                known[name] = value_of(value)
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                what = value_of(value)[0]
                out.append(f"  store double {what}, ptr {place(target)}, align 8")
            case ast.Return(value=value):
                out.append(f"  ret double {value_of(value)[0]}")
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass  # what a function says of itself
            case _:
                raise ValueError(f"'{ast.unparse(line)}' is no line of straight text")
    return out
