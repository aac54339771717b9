"""Specs as different teams write them, each with the verdict that the evidence grammar gives it.

One tree for all; every spec claims done, unless it says otherwise. A verdict of `contradicted`
that should be none is the worst that can happen here.
"""

import subprocess
from typing import Any

import pytest

from tests.support import pipeline, write

TREE = {
    "api/app/main.py": "VERSION = '1'\n\n\nclass App:\n    def start(self):\n"
    "        self.ready = True\n\n\ndef create_app():\n    return App()\n",
    "api/app/routers/health.py": "from fastapi import APIRouter\n\n\ndef health():\n    return 1\n",
    "api/app/models/user.py": "class User:\n    name: str = ''\n",
    "api/tests/test_health.py": "def test_health_ok():\n    pass\n\n\n"
    "class TestHealth:\n    def test_ready(self):\n        pass\n",
    "api/tests/test_user.py": "def test_user_name_is_kept():\n    pass\n",
    "web/app/users/[id]/page.tsx": "export default function Page() {}\n",
    "web/components/Card.tsx": "export function Card() {}\n",
    "web/components/Card.test.tsx": "it('renders a card', () => {})\n",
    "a/util.py": "def f(): pass\n",
    "b/util.py": "def f(): pass\n",
    "lib/old_name.py": "def moved_away():\n    return 'long enough to be found again'\n" * 3,
    "docs/guide.md": "# Guide\n\nrun `make all`\n",
    "config/app.yaml": "retry-limit: 3\n",
    "scripts/run.sh": "echo\n",
    "Makefile": "all:\n",
    ".gitignore": "*.log\nbuild/\n",
}

# What is there

SUPPORTED = {
    "source list": "source:\n  - file: api/app/main.py\n    symbols: [create_app, App]\n",
    "source calls": "source:\n  - file: api/app/main.py\n    symbols: [create_app()]\n",
    "source with def": "source:\n  - file: api/app/main.py\n    symbols: [def create_app]\n",
    "source member": "source:\n  - file: api/app/main.py\n    symbols: [App.start]\n",
    "source attribute": "source:\n  - file: api/app/main.py\n    symbols: [App.ready, VERSION]\n",
    "source noted": "source:\n  - file: api/app/main.py\n    symbols:\n      - App — the app\n",
    "source module": "source:\n  - file: api/app/routers/health.py\n    symbols: [health]\n",
    "source bare": "source: api/app/main.py\n",
    "source strings": "source:\n  - api/app/main.py\n  - web/components/Card.tsx\n",
    "source key": "source:\n  - api/app/main.py: the entry\n",
    "source suffix": "source:\n  - file: routers/health.py\n    symbols: [health]\n",
    "source brackets": "source:\n  - file: web/app/users/[id]/page.tsx\n",
    "source kebab": "source:\n  - file: config/app.yaml\n    symbols: [retry-limit]\n",
    "source leading dot": "source: ./api/app/main.py\n",
    "source line": "source: api/app/main.py:12\n",
    "source anchor": "source: docs/guide.md#guide\n",
    "exists": "done_when:\n  - file_exists(\"docs/guide.md\")\n",
    "contains": "done_when:\n  - 'file_contains(\"docs/guide.md\", \"make all\")'\n",
    "symbol in file": "done_when:\n  - 'symbol_in_file(\"api/app/main.py\", \"create_app\")'\n",
    "pytest verb": "done_when:\n  - pytest_passes(\"api/tests/test_health.py::test_health_ok\")\n",
    "test command": "test: cd api && pytest tests/test_health.py -q\n",
    "test doubled": "test: cd api && pytest api/tests/test_health.py -v\n",
    "test with -k": "test: pytest api/tests/test_health.py -k 'gone and test_gone.py'\n",
    "test ignore": "test: pytest api/tests/test_health.py --ignore api/tests/test_gone.py\n",
    "test class": "test: pytest api/tests/test_health.py::TestHealth::test_ready\n",
    "test env": "test: PYTHONPATH=. python -m pytest api/tests/test_health.py\n",
    "prose beside": "source: api/app/main.py\ndone_when:\n  - web/app/gone.tsx is removed\n",
    "other verb": "source: api/app/main.py\ndone_when:\n  - 'route_responds(\"/api/gone\")'\n",
    "no yaml": "source:\n  - file: api/app/main.py\n    symbols: [create_app?, …]\n",
    "list dash": "## Files\n\n- `api/app/main.py` - entry, calls `gone.py`\n",
    "list em dash": "## Files to Modify\n\n- `api/app/main.py` — see `api/gone.py`\n",
    "list double dash": "## Files Modified\n\n* `api/app/main.py` -- like `gone.py`\n",
    "list colon": "## Files Changed\n\n+ `api/app/main.py`: add `create_app`, not `gone.py`\n",
    "list bare": "## Files\n\n- api/app/main.py\n- web/components/Card.tsx (new)\n",
    "list boxes": "## Files\n\n- [x] api/app/main.py\n- [ ] `web/components/Card.tsx`\n",
    "list numbers": "## Files\n\n1. `api/app/main.py`\n2. `Makefile`\n",
    "list bold": "## Files\n\n- **api/app/main.py** — entry\n- **`Makefile`**\n",
    "list links": "## Files\n\n- [main](../api/app/main.py)\n- [`app`](../config/app.yaml)\n",
    "list lines": "## Files\n\n- `api/app/main.py:12-20`\n- `api/app/main.py#L3`\n"
    "- `Makefile` (line 4)\n",
    "list folder": "## Files\n\n- `api/app/routers/`\n",
    "list braces": "## Files\n\n- `api/app/{main,routers/health}.py`\n",
    "list glob": "## Files\n\n- `api/tests/test_*.py`\n",
    "list choice": "## Files\n\n- `api/app/main.py` or `api/app/server.py`\n",
    "list choice turned": "## Files\n\n- `api/app/server.py` or `api/app/main.py`\n",
    "list arrow": "## Files\n\n- `api/app/gone.py` → `api/app/main.py`\n",
    "list delete": "## Files\n\n- `api/app/gone.py` — delete\n- `api/app/main.py`\n",
    "heading delete": "## Files to delete\n\n- `api/app/gone.py`\n",
    "table": "## Files\n\n| File | Action |\n|---|---|\n| `api/app/main.py` | Modify |\n"
    "| `gone.py` | Delete |\n",
    "table bare": "## Files\n\n| Path | Change | Why |\n|---|---|---|\n"
    "| api/app/main.py | edit | `gone.py` |\n",
    "implementation": "## Implementation\n\n- `api/app/main.py`\n",
    "deeper": "## Files\n\n### Backend\n\n- `api/app/main.py`\n\n### Frontend\n\n"
    "- `web/components/Card.tsx`\n",
    "crlf": "## Files\r\n\r\n- `api/app/main.py` — x\r\n",
    "closed heading": "## Files ##\n\n- `api/app/main.py`\n",
    "test in backticks": "## Acceptance Tests\n\n- `test_health_ok`\n",
    "test with place": "## Acceptance Criteria\n\n- `api/tests/test_health.py::test_health_ok`\n",
    "test in class by name": "## Acceptance Tests\n\n- `api/tests/test_health.py::test_ready`\n",
    "test parameters": "## Acceptance Tests\n\n- `api/tests/test_health.py::test_health_ok[one]`\n",
    "test fence": "## Verification\n\n```bash\ncd api && pytest -q tests/test_health.py\n```\n",
    "test inline": "## Validation\n\nRun `pytest api/tests/test_user.py` first.\n",
    "test row": "## Acceptance Tests\n\n| Case | Test |\n|---|---|\n| ok | `test_health_ok` |\n",
    "test glob": "## Acceptance Tests\n\n- `test_health_*`\n",
    "silent sections": "source: Makefile\n",
}  # fmt: skip

#: Further habits: what is renamed, negated, hedged, or no path at all contradicts nothing.
MORE = {
    "more: done_when dq": "done_when:\n  - \"file_exists('docs/guide.md')\"\n",
    "more: impl bare list": "## Implementation\n\n- api/app/main.py\n"
    "- `api/app/routers/health.py` (new)\n",
    "more: impl paren": "## Implementation (backend)\n\n- api/app/main.py\n",
    "more: trailing period": "## Files\n\n- `api/app/main.py`.\n- api/app/main.py.\n",
    "more: comma list": "## Files\n\n- `api/app/main.py`, `Makefile`, and `docs/guide.md`\n",
    "more: bold label colon": "## Files\n\n- **Entry**: `api/app/main.py`\n"
    "- **Docs:** `docs/guide.md`\n",
    "more: create verb": "## Files\n\n- Create `api/app/main.py`\n- Modify `Makefile`\n",
    "more: delete verb": "## Files\n\n- Delete `api/app/gone.py`\n"
    "- Removed: `web/gone.tsx`\n- Makefile\n",
    "more: remove bare": "## Files\n\n- Remove api/app/gone.py\n- `Makefile`\n",
    "more: strikethrough": "## Files\n\n- ~~`api/app/gone.py`~~\n- `Makefile`\n",
    "more: renamed words": "## Files\n\n- `api/app/gone.py` renamed to `api/app/main.py`\n",
    "more: moved to": "## Files\n\n- `api/app/gone.py` moved to `api/app/main.py`\n",
    "more: rename verb": "## Files\n\n- Rename `api/app/gone.py` to `api/app/main.py`\n",
    "more: replaces": "## Files\n\n- `api/app/main.py` (replaces `api/app/gone.py`)\n",
    "more: replaced by": "## Files\n\n- `api/app/gone.py` replaced by `api/app/main.py`\n",
    "more: formerly": "## Files\n\n- `api/app/main.py` (formerly `gone.py`)\n",
    "more: instead of": "## Files\n\n- `api/app/main.py` instead of `api/app/gone.py`\n",
    "more: not": "## Files\n\n- `Makefile`\n- Do not touch `api/app/gone.py`\n",
    "more: no new file": "## Files\n\n- `Makefile`\n- No `gone.py` is needed\n",
    "more: arrow nested": "## Files\n\n- `lib/gone.py` -> `api/app/main.py`\n",
    "more: deprecated": "## Files\n\n"
    "- `api/app/gone.py` — deprecated, deleted in 2.0\n- `Makefile`\n",
    "more: table checkmarks": "## Files\n\n| File | New? | Done |\n|---|---|---|\n"
    "| `api/app/main.py` | ✅ | yes |\n",
    "more: table first col number": "## Files\n\n| # | File |\n|---|---|\n"
    "| 1 | `api/app/gone.py` |\n\n- `Makefile`\n",
    "more: table removed col": "## Files\n\n| File | Action |\n|---|---|\n"
    "| `api/app/gone.py` | Removed |\n| `Makefile` | edit |\n",
    "more: table renamed": "## Files\n\n| File | Action |\n|---|---|\n"
    "| `api/app/gone.py` | Renamed to `main.py` |\n| `Makefile` | edit |\n",
    "more: table third action": "## Files\n\n| File | Purpose | Action |\n|---|---|---|\n"
    "| `api/app/gone.py` | x | Delete |\n| `Makefile` | y | edit |\n",
    "more: files not touched": "## Files\n\n- `Makefile`\n\n## Files not touched\n\n- `gone.py`\n",
    "more: files unchanged": "## Files\n\n- `Makefile`\n\n### Unchanged\n\n- `gone.py`\n",
    "more: files out of scope": "## Files\n\n- `Makefile`\n\n### Out of scope\n\n- `gone.py`\n",
    "more: files untouched": "## Files\n\n- `Makefile`\n\n## Files left alone\n\n- `gone.py`\n",
    "more: files future": "## Files\n\n- `Makefile`\n\n## Files (future)\n\n- `gone.py`\n",
    "more: files generated": "## Files\n\n- `Makefile`\n\n## Files generated at runtime\n\n"
    "- `gone.json`\n- `data/out.csv`\n",
    "more: later": "## Files\n\n- `Makefile`\n- `api/app/gone.py` (later)\n",
    "more: future": "## Files\n\n- `Makefile`\n- `api/app/gone.py` — future work\n",
    "more: planned": "## Files\n\n- `Makefile`\n- `api/app/gone.py` (planned)\n",
    "more: generated": "## Files\n\n- `Makefile`\n- `api/app/gone.py` (generated)\n",
    "more: skipped": "## Files\n\n- `Makefile`\n- `api/app/gone.py` — skipped\n",
    "more: n/a": "## Files\n\n- `Makefile`\n- `api/app/gone.py` — N/A\n",
    "more: not needed": "## Files\n\n- `Makefile`\n- `api/app/gone.py` — not needed\n",
    "more: not implemented": "## Files\n\n- `Makefile`\n- `api/app/gone.py` — not implemented\n",
    "more: as needed": "## Files\n\n- `Makefile`\n- `api/app/gone.py` as needed\n",
    "more: maybe": "## Files\n\n- `Makefile`\n- `api/app/gone.py` (maybe)\n",
    "more: possibly": "## Files\n\n- `Makefile`\n- possibly `api/app/gone.py`\n",
    "more: such as": "## Files\n\n- `Makefile`\n- a module such as `api/app/gone.py`\n",
    "more: or similar": "## Files\n\n- `Makefile`\n- `api/app/gone.py` or similar\n",
    "more: i.e. optional paren": "## Files\n\n- `Makefile`\n- (Optional) `api/app/gone.py`\n",
    "more: either or": "## Files\n\n- either `api/app/gone.py` or `api/app/main.py`\n",
    "more: slash choice": "## Files\n\n- `api/app/main.py` / `api/app/gone.py`\n",
    "more: three choices": "## Files\n\n- `x.py`, `y.py` or `api/app/main.py`\n",
    "more: module dotted": "## Files\n\n- `app.main`\n- `Makefile`\n",
    "more: attr": "## Files\n\n- `Makefile`\n- `settings.DEBUG`\n- `os.path`\n",
    "more: version": "## Files\n\n- `Makefile`\n- `v1.2.3`\n- `3.11`\n",
    "more: npm package": "## Files\n\n- `Makefile`\n- `@scope/pkg`\n- `react/jsx-runtime`\n",
    "more: branch": "## Files\n\n- `Makefile`\n- `feature/x`\n- `origin/main`\n",
    "more: cmd": "## Files\n\n- `Makefile`\n- `python scripts/gone.py`\n"
    "- `./scripts/gone.sh --x`\n",
    "more: env": "## Files\n\n- `Makefile`\n- `$HOME/x.py`\n- `%APPDATA%/x.py`\n",
    "more: windows": "## Files\n\n- `Makefile`\n- `api\\app\\gone.py`\n",
    "more: mime": "## Files\n\n- `Makefile`\n- `application/json`\n- `text/html`\n- `image/png`\n",
    "more: domain": "## Files\n\n- `Makefile`\n- `example.com`\n- `foo.io/bar`\n"
    "- `docs.python.org/3/x.html`\n",
    "more: fraction": "## Files\n\n- `Makefile`\n- `1/2`\n- and/or\n- read/write\n",
    "more: url bare": "## Files\n\n- `Makefile`\n- https://x.org/a.py\n- www.x.org/a.html\n",
    "more: link url": "## Files\n\n- `Makefile`\n- [x](https://x.org/a.py)\n"
    "- [y](#files)\n- [z](mailto:a@b.c)\n",
    "more: spec link": "## Files\n\n- `Makefile`\n- [guide](../docs/guide.md#guide \"Guide\")\n",
    "more: link same folder": "## Files\n\n- `Makefile`\n- [other](001-case.md)\n",
    "more: pkg test dir": "## Files\n\n- `api/tests/`\n- `api/tests/*.py`\n",
    "more: glob double": "## Files\n\n- `api/**/*.py`\n- `web/**`\n",
    "more: pipes in code": "## Files\n\n| File | Note |\n|---|---|\n"
    "| `Makefile` | `a\\|gone.py` |\n",
    "more: quotes": "## Files\n\n- \"api/app/main.py\"\n- 'Makefile'\n- `Makefile`\n",
    "more: emoji": "## Files\n\n- ✅ `api/app/main.py`\n- 🚧 `Makefile`\n",
    "more: tests crit file data": "source: Makefile\n---\n# T\n\n## Verification\n\n"
    "- `data/test_results.json` is written\n",
    "more: tests crit marker": "source: Makefile\n---\n# T\n\n## Verification\n\n"
    "- run `pytest -m test_slow`\n",
    "more: tests future": "source: Makefile\n---\n# T\n\n## Acceptance Tests\n\n"
    "- `test_gone` — to be added\n- `test_gone2` (TODO)\n- `test_gone3` - future\n",
    "more: tests none": "source: Makefile\n---\n# T\n\n## Acceptance Tests\n\n"
    "Not applicable, see `tests/test_gone.py` of 012 if present.\n",
    "more: vitest": "source: Makefile\n---\n# T\n\n## Acceptance Tests\n\n"
    "- `web/components/Card.test.tsx` › renders a card\n"
    "- `web/components/Card.test.tsx::renders a card`\n",
    "more: describe": "source: Makefile\n---\n# T\n\n## Acceptance Tests\n\n"
    "- `web/components/Card.test.tsx::Card › renders nothing`\n",
    "more: pytest -k": "source: Makefile\n---\n# T\n\n## Verification\n\n```bash\n"
    "pytest -k test_gone\npytest --collect-only\npytest tests/ -q\npytest\n```\n",
    "more: pytest env": "source: Makefile\n---\n# T\n\n## Verification\n\n```bash\n"
    "# pytest api/tests/test_gone.py\necho pytest\n$ pytest api/tests/test_health.py\n```\n",
    "more: pytest commented": "source: Makefile\n---\n# T\n\n## Verification\n\n```bash\n"
    "#pytest api/tests/test_gone.py  \n```\n",
    "more: pytest negative": "source: Makefile\n---\n# T\n\n## Verification\n\n```bash\n"
    "! pytest api/tests/test_health.py\n"
    "test -f api/tests/test_gone.py || pytest api/tests/test_health.py\n```\n",
    "more: pytest deep cd": "test: cd api/tests && pytest test_health.py\n",
    "more: pytest subshell": ""
    "test: (cd api && pytest tests/test_health.py) && (cd web && npm test)\n",
    "more: pytest poetry": ""
    "test: poetry run pytest api/tests/test_health.py -x --maxfail 1 --cov api/app\n",
    "more: pytest make": "test: make test\nsource: Makefile\n",
    "more: test list": "test:\n  - pytest api/tests/test_health.py\n  - npm test\n",
    "more: source glob": "source:\n  - file: api/app/*.py\n",
    "more: source dir": "source:\n  - file: api/app/\n",
    "more: source dir noslash": "source:\n  - file: api/app\n",
    "more: source symbols opt": "source:\n  - file: api/app/main.py\n"
    "    symbols: [\"maybe_there?\", \"new_one!\"]\n",
    "more: source symbol phrase": "source:\n  - file: api/app/main.py\n"
    "    symbols: [\"the start method\", \"App/start\"]\n",
    "more: source symbol generic": "source:\n  - file: api/app/main.py\n"
    "    symbols: [main, startup, config]\n",
    "more: source symbol decor": "source:\n  - file: api/app/main.py\n"
    "    symbols: [\"@property\", \"*\", \"App::start\", \"App#start\"]\n",
    "more: source symbol route": "source:\n  - file: api/app/main.py\n"
    "    symbols: [\"GET /health\", \"/health\"]\n",
    "more: source planned": "source:\n  - file: api/app/main.py\n  - file: gone.py (planned)\n",
    "more: source optional": "source:\n  - api/app/main.py\n  - gone.py — optional\n",
    "more: source url": "source:\n  - https://x.org/a.py\n  - Makefile\n",
    "more: source TBD": "source:\n  - TBD\n  - Makefile\n",
    "more: source none": "source:\n  - none\n  - N/A\n  - Makefile\n",
    "more: source md link": "source:\n  - '[main](../api/app/main.py)'\n  - Makefile\n",
    "more: source ticks": "source:\n  - '`api/app/main.py`'\n",
    "more: source relative": "source:\n  - ../api/app/main.py\n",
    "more: not exists": "done_when:\n  - not file_exists(\"gone.py\")\n"
    "  - file_exists(\"Makefile\")\n",
    "more: absent verb": "done_when:\n  - file_absent(\"gone.py\")\n"
    "  - file_exists(\"Makefile\")\n",
    "more: exists optional": "done_when:\n"
    "  - file_exists(\"gone.py\") or file_exists(\"Makefile\")\n  - file_exists(\"Makefile\")\n",
    "more: exists later": "done_when:\n  - 'file_exists(\"gone.py\") (optional)'\n"
    "  - file_exists(\"Makefile\")\n",
}  # fmt: skip

#: Bodies that name what is gone where nothing is claimed by it.
SILENT = {
    heading: f"source: Makefile\n---\n# T\n\n## {heading}\n\n- `api/app/gone.py`\n- `test_gone`\n"
    for heading in (
        "Out of Scope",
        "See also",
        "Related Specs",
        "Research Inputs",
        "Risks and Assumptions",
        "Known Gaps and Follow-up Tasks",
        "Decision Gates",
        "Non-goals",
        "Follow-up",
        "Purpose",
        "Task Card",
        "Background",
        "Example Response",
        "Data Model",
        "Notes",
    )
}

# What cannot be judged

UNKNOWN = {
    "nothing": "title: x\n",
    "prose only": "done_when:\n  - the page loads fast\n",
    "shell only": "done_when:\n  - curl -f http://localhost/api/gone\n",
    "no pytest": "test: npm test -- gone.test.tsx\n",
    "optional": "## Files\n\n- `api/app/gone.py` (optional)\n",
    "if needed": "## Files\n\n- `api/app/gone.py` — if needed\n",
    "when implemented": "## Files\n\n- `api/app/gone.py` — when implemented\n",
    "or equivalent": "## Files\n\n- `api/app/gone.py` or equivalent\n",
    "for example": "## Files\n\n- e.g. `api/app/gone.py`\n",
    "pending": "## Files\n\n- `api/app/gone.py` — pending\n",
    "no change": "## Files\n\n- `api/app/gone.py` — no changes\n",
    "placeholder angle": "## Files\n\n- `api/app/<name>.py`\n",
    "placeholder brace": "## Files\n\n- `api/app/{id}.py`\n",
    "placeholder number": "## Files\n\n- `specs/NNN-title.md`\n",
    "placeholder date": "## Files\n\n- `docs/YYYY-MM-DD.md`\n",
    "placeholder dots": "## Files\n\n- `api/.../gone.py`\n",
    "glob without a hit": "## Files\n\n- `api/app/gone_*.py`\n",
    "ambiguous": "## Files\n\n- `util.py`\n",
    "ignored": "## Files\n\n- `api/logs/run.log`\n- `build/out.js`\n",
    "absolute": "## Files\n\n- `/etc/hosts.conf`\n- `~/.config/x.toml`\n",
    "outside": "## Files\n\n- `../../other/x.py`\n",
    "routes": "## Files\n\n- `/api/gone`\n- `GET /api/gone/{id}`\n- `https://x.invalid/a.py`\n",
    "bare data": "## Files\n\n- `gone.json`\n",
    "product": "## Files\n\n- `Node.js`\n",
    "no path": "## Files\n\n- `some/thing`\n",
    "removal still there": "## Files\n\n- `api/app/main.py` — delete\n",
    "symbol mentioned": "done_when:\n  - 'symbol_in_file(\"routers/health.py\", \"APIRouter\")'\n",
    "test prefix": "## Acceptance Tests\n\n- `test_user_name`\n",
    "test prose": "## Acceptance Tests\n\n- the health route answers\n",
    "criteria with a path": "## Acceptance Criteria\n\n- `api/app/gone.py` answers\n",
    "verification of a file": "## Verification\n\n- `ls api/app/gone.py`\n",
    "fence in files": "## Files\n\n```\napi/app/gone.py\n```\n",
    "comment in files": "## Files\n\n<!--\n- `api/app/gone.py`\n-->\n",
    "prose in files": "## Files\n\nWe once had `api/app/gone.py` here.\n",
    "test optional": "## Acceptance Tests\n\n- `test_gone` (optional)\n",
    "test heading hedged": "## Acceptance Tests (pending)\n\n- `test_gone`\n",
}  # fmt: skip

UNCLAIMED = {
    "draft": "status: draft\nsource: gone.py\n",
    "in progress": "status: in progress\nsource: gone.py\n",
    "body status": "title: x\n---\n# T\n\n**Status**: done\n\n## Files\n\n- `gone.py`\n",
    "ticked": "title: x\n---\n# T\n\n## Files\n\n- [x] `gone.py`\n",
    "no header": None,
}

# What is gone

CONTRADICTED = {
    "source": "source:\n  - file: api/app/gone.py\n",
    "source symbol": "source:\n  - file: api/app/main.py\n    symbols: [destroy_app]\n",
    "source called": "source:\n  - file: api/app/main.py\n    symbols: [destroy()]\n",
    "source member": "source:\n  - file: api/app/main.py\n    symbols: [App.stop]\n",
    "source moved": "source: lib/old_name.py\n",
    "source bare code": "source: gone.py\n",
    "exists": "done_when:\n  - file_exists(\"docs/gone.md\")\n",
    "contains": "done_when:\n  - 'file_contains(\"docs/guide.md\", \"make none\")'\n",
    "symbol in file": "done_when:\n  - 'symbol_in_file(\"api/app/main.py\", \"destroy_app\")'\n",
    "pytest verb": "done_when:\n  - pytest_passes(\"api/tests/test_health.py::test_gone\")\n",
    "test command": "test: cd api && pytest tests/test_gone.py -q\n",
    "no yaml": "source:\n  - file: api/app/gone.py\n    symbols: [create_app?, …]\n",
    "list": "## Files to Create\n\n- `api/app/gone.py` — new\n",
    "list bare": "## New Files\n\n- api/app/gone.py\n",
    "list among others": "## Files\n\n- `Makefile`\n- `api/app/gone.py`\n",
    "list folder": "## Files\n\n- `api/gone/`\n",
    "list braces": "## Files\n\n- `api/app/{main,gone}.py`\n",
    "list choice": "## Files\n\n- `api/app/gone.py` or `api/app/away.py`\n",
    "list arrow": "## Files\n\n- `api/app/main.py` → `api/app/gone.py`\n",
    "list link": "## Files\n\n- [gone](../api/app/gone.py)\n",
    "list brackets": "## Files\n\n- `web/app/[slug]/page.tsx`\n",
    "table": "## Files\n\n| File | Action |\n|---|---|\n| `api/app/gone.py` | Create |\n",
    "test name": "## Acceptance Tests\n\n- `test_that_never_was`\n",
    "test place": "## Acceptance Tests\n\n- `api/tests/test_health.py::test_gone`\n",
    "test file": "## Acceptance Tests\n\n- `api/tests/test_gone.py`\n",
    "test fence": "## Verification\n\n```bash\ncd api && pytest -q tests/test_gone.py\n```\n",
    "test row": "## Acceptance Tests\n\n| Case | Test |\n|---|---|\n| ok | `test_gone` |\n",
    "deeper": "## Files\n\n### Backend\n\n- `api/app/gone.py`\n",
    "status complete": "status: complete\nsource: gone.py\n",
    "status in capitals": "status: DONE\nsource: gone.py\n",
}  # fmt: skip

CASES = {
    (verdict, name): text
    for verdict, cases in (
        (
            "supported",
            {**SUPPORTED, **MORE, **{f"silent: {name}": text for name, text in SILENT.items()}},
        ),
        ("unknown", UNKNOWN),
        ("unclaimed", UNCLAIMED),
        ("contradicted", CONTRADICTED),
    )
    for name, text in cases.items()
}


def written(text: str | None, *, claims: bool) -> str:
    """Return a whole spec of a header, or of a body."""
    if text is None:
        return "# T\n\n## Files\n\n- `gone.py`\n"
    status = "status: done\n" if claims and not text.startswith("status:") else ""
    if text.startswith("#"):
        newline = "\r\n" if "\r" in text else "\n"
        return f"---\n{status}---\n# T\n\n".replace("\n", newline) + text
    return f"---\n{status}{text}" + ("" if "\n---\n" in text else "---\n# T\n")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = write(tmp_path_factory.mktemp("habits"), TREE)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    for step in (
        ("init", "-q"),
        ("add", "-A"),
        ("commit", "-qm", "x"),
        ("mv", "lib/old_name.py", "lib/new_name.py"),
        ("commit", "-qm", "y"),
    ):
        subprocess.run(["git", *identity, *step], cwd=root, check=True, timeout=60)
    specs = {
        f"specs/{number:03}-case.md": written(text, claims=verdict != "unclaimed")
        for number, ((verdict, _), text) in enumerate(CASES.items(), 1)
    }
    ran = pipeline(write(root, specs), "verify", "--json")
    assert ran.code == 0, ran.err
    return {one["path"]: one for one in ran.json["specs"]}


@pytest.mark.parametrize(
    ("place", "verdict"),
    [
        pytest.param(place, verdict, id=f"{verdict}: {name}")
        for place, (verdict, name) in enumerate(CASES, 1)
    ],
)
def test_each_habit_has_its_verdict(answers: dict[str, Any], place: int, verdict: str) -> None:
    spec = answers[f"specs/{place:03}-case.md"]
    assert spec["verdict"] == verdict, spec
