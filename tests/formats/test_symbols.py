"""What a file of code defines: each construct, beside what it only mentions."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.formats import symbols_trees
from pipeline_cli.formats.symbols import MAX_BYTES, definitions, is_code
from pipeline_cli.formats.symbols_python import test_names as names_of_tests

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).map(lambda name: f"n_{name}")


def read(path: str, text: str) -> Definitions:
    found = definitions(path, text)
    assert isinstance(found, Definitions), found
    return found


def refused(path: str, text: str) -> Unreadable:
    found = definitions(path, text)
    assert isinstance(found, Unreadable), found
    return found


# The choice of the reader


@pytest.mark.parametrize(
    "suffix",
    ["py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "go", "rs", "java"],
)
def test_known_languages_are_code_and_an_empty_file_defines_nothing(suffix: str) -> None:
    assert is_code(f"a/b.{suffix}")
    assert definitions(f"a/b.{suffix}", "") == Definitions(frozenset())


@pytest.mark.parametrize("path", ["a.md", "Makefile", "py", "a.py/b.sh", "a.pyc", ""])
def test_other_files_are_of_no_known_language(path: str) -> None:
    assert not is_code(path)
    assert refused(path, "def f(): pass") == Unreadable("no language that is known")


def test_a_bracket_in_a_path_and_capitals_in_the_suffix_do_no_harm() -> None:
    assert read("web/app/[id]/page.TSX", "export default function Page() {}").names == {"Page"}


def test_a_file_above_the_limit_is_not_read() -> None:
    assert "2 MiB" in refused("a.py", "#" * (MAX_BYTES + 1)).reason
    assert read("a.py", "#" * MAX_BYTES).names == frozenset()


# Python

PYTHON = {
    "def f(a, b=1): c = 1": "f",
    "async def f(): pass": "f",
    "def f():\n  def g():\n    class H: pass": "f g H",
    "a = b = 1": "a b",
    "a: int": "a",
    "a += 1": "a",
    "a, (b, *c), [d] = x": "a b c d",
    "for a, b in x: c = 1\nelse: d = 1": "a b c d",
    "with x as (a, b), y as c, z: d = 1": "a b c d",
    "while x: a = 1\nelse: b = 1": "a b",
    "if x: a = 1\nelif y: b = 1\nelse: c = 1": "a b c",
    "try: a = 1\nexcept E as e: b = 1\nelse: c = 1\nfinally: d = 1": "a b c d",
    "try: a = 1\nexcept* E as e: b = 1": "a b",
    "match x:\n case {'k': a, **b}: c = 1\n case [d, *e, _]: pass": "a b c d e",
    "match x:\n case P(q=a) as b if (c := 1): pass": "a b c",
    "if (a := f(b := 1)): pass": "a b",
    "x.y(lambda: (a := 1))": "",
    "[a := v for v in x]": "a",
    "def f(p=(a := 1)): b = (c := 1)": "f a",
    "def f():\n  global a, b": "f a b",
    "a.b = 1": "b",
    "a.b.c = 1": "",
    "a[0] = 1": "",
    "def f(a): a.b = 1": "f",
    "def f():\n  for a in x: b = 1\n  with y as c: d: int = 1": "f",
    "def f():\n  match x:\n   case a:\n    def g(): pass": "f g",
    "import a\nimport b as c\nfrom d import e as f": "",
    "# a = 1\n'def a(): pass'\na()": "",
    "__all__ = ['a']": "__all__",
    "a = '\\d'": "a",
    "\ufeffa = 1": "a",
}


@pytest.mark.parametrize("text", PYTHON)
def test_what_python_defines(text: str) -> None:
    assert read("a.py", text).names == set(PYTHON[text].split())


def test_members_of_a_python_class() -> None:
    found = read(
        "a.py",
        "class Color(Enum):\n"
        "    RED = 1\n"
        "    blue: int\n"
        "    class Inner:\n"
        "        def deep(this): this.far = 1\n"
        "    def __init__(self, given):\n"
        "        self.a, local = 1, 2\n"
        "        given.b = self.c.d = 1\n"
        "        def nested(): self.e = 1\n"
        "    @classmethod\n"
        "    def make(kind): kind.f = 1\n"
        "    @staticmethod\n"
        "    def free(other): other.g = 1\n"
        "    @staticmethod\n"
        "    def bare(): pass\n"
        "Color.late = 1\n",
    )
    own = ["RED", "blue", "Inner", "__init__", "a", "make", "f", "free", "bare", "late"]
    assert found.members == {f"Color.{name}" for name in own} | {
        "Inner.deep",
        "Inner.far",
        "Color.Inner.deep",
        "Color.Inner.far",
        "Color.e",
    }
    assert "nested" in found.names
    assert not {"local", "given", "b", "d", "g"} & found.names


def test_a_class_in_a_function_owns_its_members_alone() -> None:
    found = read("a.py", "class A:\n  def f(self):\n    class B:\n      x = 1\n")
    assert found.members == {"A.f", "B.x"}


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nprint 'a'\n", 2), ("a = 1\n\0", 2), ("a = (\n", 1), ("x = 1\n\n  y = 1\n", 3)],
)
def test_what_is_no_python_is_refused_with_its_line(text: str, line: int) -> None:
    assert f"line {line}: " in refused("a.py", text).reason


def test_an_error_before_bytes_that_are_no_utf_8_is_no_failure() -> None:
    text = b"---\ntitle: Thing 0\n\xff\xfe\n".decode("utf-8", "surrogateescape")
    found = definitions("a.py", text)
    assert isinstance(found, Unreadable)
    assert "bytes that are no UTF-8" in found.reason


def test_the_encoding_that_python_source_names_is_followed() -> None:
    latin = b"# coding: latin-1\na = '\xe9'\n".decode("utf-8", "surrogateescape")
    assert read("a.py", latin).names == {"a"}
    assert "cannot be parsed" in refused("a.py", latin.partition("\n")[2]).reason
    assert "unknown encoding" in refused("a.py", "# coding: nonsense\n").reason


@given(st.lists(NAMES, unique=True, min_size=1), st.lists(NAMES))
def test_every_function_is_found_and_no_call_is(defined: list[str], called: list[str]) -> None:
    text = "".join(f"def test_{name}():\n    m_{name} = 1\n" for name in defined)
    text += "".join(f"test_{name}x()\n" for name in called)
    assert read("a.py", text).names == {f"test_{name}" for name in defined}
    assert names_of_tests(text) == {f"test_{name}" for name in defined}


def test_the_quick_index_misses_no_test() -> None:
    text = "class T:\n  async  def test_a(self): pass\n\tdef \\\n test_b(): pass\n"
    text += "# def test_c\ndef other()"
    assert names_of_tests(text) == {"test_a", "test_b", "test_c"}


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("a.py", "x = 1\n" * 60_000, "more than 100000 words and brackets"),
        ("a.py", "x = f'" + "{{" * 9_000 + "'", "more than 16000 braces beside an interpolated"),
        ("a.py", "-" * 90_000 + "1", "nested too deep to be parsed"),
        ("a.ts", "(" * 300, "nested deeper than 200 levels"),
        ("a.go", "x " * 120_000, "more than 100000 words and marks"),
    ],
)
def test_what_is_beyond_a_limit_is_unknown(path: str, text: str, reason: str) -> None:
    assert refused(path, text).reason.startswith(reason)


def test_brackets_that_close_make_no_depth() -> None:
    assert read("a.ts", "()" * 500 + "; const a = 1").names == {"a"}


# Hostile input

HOSTILE = {
    "brackets": "([{" * 500_000,
    "unary": "x=" + "-" * 500_000 + "1",
    "attributes": "x=a" + ".b" * 500_000,
    "branches": "if a:\n x=1\n" + "elif b:\n x=1\n" * 100_000,
    "statements": "x\n" * 1_000_000,
    "nothing": "...;" * 500_000,
    "generics": "A<" * 500_000,
    "interpolation": "x = f'" + "{a}" * 500_000 + "'",
    "open calls": "f(" * 500_000,
    "strings": '"' * 2_000_000,
    "recovery": "a=>" * 30_000,
    "quotes below the limit": '"' * 99_000,
}
BOUNDED = """
import resource, sys
from pipeline_cli.load.symbols import SymbolReader
print(type(SymbolReader().read("a." + sys.argv[1], sys.stdin.read())).__name__)
if sys.platform == "linux":  # what getrusage says includes whoever forked us
    lines = open("/proc/self/status")
    peak = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(peak // 1024)
"""


@pytest.mark.parametrize("suffix", ["py", "tsx", "go", "rs", "java"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_source_neither_ends_the_process_nor_takes_its_memory(
    suffix: str, kind: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, suffix],
        input=HOSTILE[kind],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer, memory = done.stdout.split()
    assert answer in {"Unreadable", "Definitions"}
    assert int(memory) <= 256


# The languages of the extra

TREES = {
    (
        "a.js",
        "import z, { y as x } from './m'; // w\nconst a = 'v', b = () => { let u = c(); };",
    ): "a b",
    (
        "a.js",
        "export default function a(p) { function b() {} const c = () => 1; let d = 2; }",
    ): "a b c",
    ("a.js", "class A { b = 1; #c = 2; static d() { this.e = 1; } get f() {} }"): (
        "A b #c d e f A.b A.#c A.d A.e A.f"
    ),
    ("a.js", "const a = { b: 1, 'c d': 2, e() {}, f: () => { let g; }, h };"): (
        "a b c_d e f h a.b a.c_d a.e a.f a.h"
    ),
    ("a.js", "export { a as b, c } from './m'; export * as d from './n';"): "b c d",
    ("a.js", "const { a, b: c, ...d } = x; let [e] = y;"): "a c d e",
    (
        "a.js",
        "exports.a = 1; A.prototype.b = function () { x.c = 1; const o = { k: 1 }; };",
    ): "a b k o.k",
    ("a.ts", "interface A { b: string; c(): void } type D = { e: 1 }; enum F { G, H = 1 }"): (
        "A b c D e F G H A.b A.c D.e F.G F.H"
    ),
    (
        "a.ts",
        "namespace A { export const b = 1 } abstract class C { abstract d(): void; e = 1;"
        " constructor(private f: X, g: Y) {} } declare function h(): void;",
    ): ("A b C d e constructor f h A.b C.d C.e C.constructor C.f"),
    (
        "a.tsx",
        "export default function Page() { return <Other a={1} />; }\nexport const B = () => <b/>;",
    ): ("Page B"),
    (
        "a.go",
        'package p\nimport q "r"\nconst A, B = 1, 2\nvar C int\n'
        "func D(p int) { e := 1; var f int }\n"
        "type G struct { H, I int }\ntype J interface { K() }\n"
        "func (g *G) L() { func() { const m = 1 }() }\n"
        "type N = G\n",
    ): "A B C D G H I J K L N G.H G.I J.K G.L",
    (
        "a.rs",
        "use x::y;\nfn a() { let b = 1; fn c() {} const D: u8 = 1; }\nstruct E { f: u8 }\n"
        "enum G { H, I { j: u8 } }\ntrait K { fn l(); type M; }\nimpl K for E { fn l() {} }\n"
        "const N: u8 = 1; static O: u8 = 1; mod p { fn q() {} } "
        "macro_rules! r { () => {} } type S = E;\n",
    ): ("a c E f G H I j K l M N O p q r S E.f G.H G.I I.j G.I.j K.l K.M E.l p.q"),
    (
        "A.java",
        "import x.Y;\nclass A { int b = 1, c; A() {} void d(int p) { int q; class E {} } "
        "class F { int g; } }\n"
        "enum H { I, J } interface K { int L = 1; void m(); } record N(int o) {} "
        "@interface P { int r(); }\n",
    ): ("A b c d E F g H I J K L m N o P r A.b A.c A.A A.d A.F F.g A.F.g H.I H.J K.L K.m N.o P.r"),
}


@pytest.mark.parametrize(("path", "text"), TREES)
def test_what_the_other_languages_define(path: str, text: str) -> None:
    found = read(path, text)
    all_found = {name.replace(" ", "_") for name in found.names | found.members}
    assert all_found == set(TREES[path, text].split())
    assert not found.partial


def test_titles_of_tests_stand_alone_and_below_those_around_them() -> None:
    found = read(
        "a.test.ts",
        "describe('a b', () => { it(\"c\", () => {}); test.each([1])(`d`, () => {}); });\n"
        "it('e', () => {}); print('f'); test(name, () => {});",
    )
    assert found.titles == {"a b", "c", "a b › c", "d", "a b › d", "e"}


def test_what_stands_beside_an_error_counts_and_the_rest_is_not_known() -> None:
    found = read("a.js", "function a() {}\nconst = = ;\nfunction b() {}\n")
    assert found.partial
    assert "a" in found.names


@pytest.mark.parametrize("missing", ["tree_sitter", "tree_sitter_typescript"])
def test_without_the_extra_the_other_languages_are_unknown(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from pipeline_cli.formats.symbols import definitions\n"
        "print(definitions('a.ts', 'function f() {}'), definitions('a.py', 'f = 1'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'meta-pipeline[symbols]'" in done.stdout
    assert "frozenset({'f'})" in done.stdout


def test_in_the_process_that_reads_them_foreign_grammars_may_be_missing_or_give_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(symbols_trees, "_SECONDS", -1.0)
    found = symbols_trees.definitions("go", b"package a\n" * 10_000, "hint")
    assert found == Unreadable("the parser makes no sense of it in time")
    symbols_trees._load.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    found = symbols_trees.definitions("go", b"package a", "hint")
    assert found == Unreadable("go is read with an extra that is not installed", "hint")
