"""`hornbook.pipelines`: files for CI that hosts would take, whose shell does what they say, and that give learners' work nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_following import drawing
from typer.testing import CliRunner

from hornbook import __version__
from hornbook.cli import app
from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.lesson import read_solution
from hornbook.pipelines import PIPELINES, pipeline, write_pipeline
from hornbook.scaffold import new_course
from hornbook.variants import Seed, hand_out

ROOT = Path(__file__).parent.parent
SCRIPT = (ROOT / "src/hornbook/pipelines/grade.sh").read_text("utf-8")
DRAW = (ROOT / "src/hornbook/pipelines/draw.sh").read_text("utf-8")
GRADED = "work/lessons/counting_vowels.ipynb"


def workflow() -> Any:
    """Return GitHub's workflow as data; YAML 1.1 takes its `on` for a truth value."""
    return yaml.safe_load(pipeline("github"))


@pytest.mark.parametrize("schema", ["github-workflows", "gitlab-ci", "github-actions"])
def test_each_file_is_as_its_host_takes_it(tmp_path: Path, schema: str) -> None:
    """By the schema that the host, or SchemaStore, publishes for it."""
    text = {"github-workflows": pipeline("github"), "gitlab-ci": pipeline("gitlab")}.get(schema, (ROOT / "action.yml").read_text("utf-8"))
    (path := tmp_path / "file.yml").write_text(text, "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    command += ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours

    assert told.returncode == 0, told.stdout


def test_all_three_do_the_same() -> None:
    """One script, in the workflow, in the template, and in the action."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]

    assert next(step["run"] for step in workflow()["jobs"]["grade"]["steps"] if step.get("id") == "grade") == SCRIPT
    assert yaml.safe_load(pipeline("gitlab"))["grade"]["script"][-1] == SCRIPT
    assert next(step["run"] for step in action if step.get("id") == "grade") == SCRIPT


def test_the_job_that_runs_learners_work_has_nothing_to_lose() -> None:
    """No secret is named anywhere, its token reads, the course is the base branch's, and only the other job may sign."""
    grade, sign = (workflow()["jobs"][name] for name in ("grade", "sign"))
    course, work = grade["steps"][:2]

    assert [line.strip() for line in pipeline("github").splitlines() if "secrets." in line] == [
        "HORNBOOK_SEED: ${{ secrets.HORNBOOK_SEED }}"
    ]
    assert "secrets." not in json.dumps([grade, sign])
    assert workflow()["permissions"] == {}
    assert list(workflow()[True]) == ["pull_request_target"]
    assert grade["permissions"] == {"contents": "read"}
    assert course["with"] == {"ref": "${{ github.event.pull_request.base.sha }}", "path": "course", "persist-credentials": False}
    assert work["with"] == {"ref": "${{ github.event.pull_request.head.sha }}", "path": "work", "persist-credentials": False}
    assert sign["permissions"] == {"contents": "read", "id-token": "write", "attestations": "write"}
    assert all("run" not in step for step in sign["steps"])
    assert {use.partition("/")[0] for use in re.findall(r"uses: (\S+)", pipeline("github"))} == {"actions"}
    assert "id_tokens" not in yaml.safe_load(pipeline("gitlab"))["grade"]


def test_the_job_that_has_the_seed_runs_nothing_of_a_learners() -> None:
    """It has the course alone, and what it passes on are the values of whoever has asked; on GitLab no other job sees the variable."""
    jobs = workflow()["jobs"]
    checkouts = [step["with"]["ref"] for step in jobs["draw"]["steps"] if "checkout" in step.get("uses", "")]
    gitlab = yaml.safe_load(pipeline("gitlab"))

    assert checkouts == ["${{ github.event.pull_request.base.sha }}"]
    assert jobs["draw"]["permissions"] == {"contents": "read"}
    assert jobs["grade"]["needs"] == "draw"
    assert [name for name, job in gitlab.items() if isinstance(job, dict) and "environment" in job] == ["draw"]
    assert not any("-m pip" in line and "-I" not in line for line in gitlab["grade"]["before_script"])


def test_what_is_installed_is_this_release() -> None:
    """Another one might grade otherwise."""
    for host in PIPELINES:
        assert f'"hornbook=={__version__}"' in pipeline(host)


# --- The shell -------------------------------------------------------------------------------------------------------


def ran(folder: Path, script: str = SCRIPT, first: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Return what the script did in *folder*, in an environment with nothing of ours in it."""
    path = f"{first}{Path(sys.executable).parent}:/usr/bin:/bin"
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": path, "HOME": str(home), "FOLDERS": "lessons my-work", "LEVEL": "0", **variables}
    command = ["/bin/bash", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - ours


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    """Give a folder with a course in it, and as work the same course before anybody has worked."""
    for name in ("course", "work"):
        new_course(tmp_path / name)
    return tmp_path


def solve(folder: Path, at: str) -> None:
    """Write the solved notebook of the course's lesson to *at*."""
    course = Course.open(folder / "course")
    sources = read_solution(course.solution("counting_vowels"))
    (folder / at).parent.mkdir(parents=True, exist_ok=True)
    (folder / at).write_text(json.dumps(course.lesson("counting_vowels").to_notebook(sources)), "utf-8")


def results(folder: Path) -> dict[str, bool]:
    """Return who has passed, by the names of the notebooks."""
    lines = map(json.loads, (folder / "results/results.jsonl").read_text("utf-8").splitlines())
    return {line["name"]: line["verdict"]["passed"] for line in lines}


def test_what_was_changed_is_graded_and_reported(repositories: Path) -> None:
    """In place or in a folder of one's own; the output says how many, and JUnit and a page lie beside the results."""
    solve(repositories, GRADED)
    solve(repositories, "work/my-work/course/counting_vowels.ipynb")
    told = ran(repositories, GITHUB_OUTPUT=str(repositories / "output"))

    assert told.returncode == 0, told.stderr
    assert results(repositories) == {"lessons/counting_vowels.ipynb": True, "my-work/course/counting_vowels.ipynb": True}
    assert (repositories / "output").read_text("utf-8") == "handed-in=2\n"
    assert sorted(path.name for path in (repositories / "results").iterdir()) == ["results.html", "results.jsonl", "results.xml"]


def test_where_nothing_was_changed_nothing_is_graded(repositories: Path) -> None:
    """Which is said, and no failure."""
    told = ran(repositories)

    assert (told.returncode, told.stdout) == (0, "No notebook of the course was changed.\n")


def test_work_that_is_not_right_fails_the_job_and_keeps_its_results(repositories: Path) -> None:
    """A pull request is red; what came of it is there all the same."""
    path = repositories / GRADED
    path.write_text(path.read_text("utf-8").replace("...", "return 2", 1), "utf-8")
    told = ran(repositories)

    assert told.returncode == 1, told.stderr
    assert results(repositories) == {"lessons/counting_vowels.ipynb": False}


def test_work_cannot_bring_its_own_grader_or_settings(repositories: Path) -> None:
    """Graders, limits, plug-ins and modules of the pull request are not looked at."""
    path = repositories / GRADED
    path.write_text(path.read_text("utf-8").replace("...", "return 2", 1), "utf-8")
    (repositories / "work/graders/test_counting_vowels.py").write_text("def test_all(submission):\n    pass\n", "utf-8")
    (repositories / "work/pyproject.toml").write_text("[tool.hornbook]\nname = 'mine'\n", "utf-8")
    for name in ("conftest.py", "numpy.py", "sitecustomize.py", "hornbook.py"):
        for folder in ("work", "work/lessons"):
            (repositories / folder / name).write_text(f"open({str(repositories / 'ran')!r}, 'w')\n", "utf-8")
    told = ran(repositories)

    assert told.returncode == 1, told.stderr
    assert results(repositories) == {"lessons/counting_vowels.ipynb": False}
    assert not (repositories / "ran").exists()


@pytest.mark.parametrize(
    "name", ["$(touch ran).ipynb", "; touch ran;.ipynb", "-rf.ipynb", "two\nlines.ipynb", "a b *.ipynb", "--seed=1.ipynb"]
)
def test_a_name_is_a_name(repositories: Path, name: str) -> None:
    """Whatever a notebook is called, the shell takes it for nothing else."""
    solve(repositories, f"work/my-work/{name}")
    told = ran(repositories)

    assert told.returncode == 0, told.stderr
    assert list(results(repositories).values()) == [True]
    assert not list(repositories.rglob("ran"))


def test_a_learners_own_values_are_drawn_apart_and_graded(tmp_path: Path) -> None:
    """The seed is in one job, the work in another, and what goes from one to the other are this learner's values."""
    course = drawing(tmp_path / "course")
    secret = Seed.open(course, tmp_path / "seed").secret.hex()
    shutil.copytree(tmp_path / "course", tmp_path / "work")
    path = hand_out(course.lesson("steps"), "octocat", Seed.find(course, tmp_path / "seed") or Seed(b""), tmp_path / "work/my-work")
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        cell["source"] = {"one": "one = n * 10 + len(word)", "two": "two = 2"}.get(cell["id"], cell["source"])
    path.write_text(json.dumps(notebook), "utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/sh\n# hornbook is installed here.\n", "utf-8")
    (tmp_path / "bin/python").chmod(0o755)
    told = ran(tmp_path, DRAW, first=f"{tmp_path}/bin:", HORNBOOK_SEED=secret, LEARNER="octocat", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert told.returncode == 0, told.stderr
    output = (tmp_path / "output").read_text("utf-8")
    graded = ran(tmp_path, VARIANTS=output.removeprefix("variants=").strip(), LEARNER="octocat")
    (line,) = map(json.loads, (tmp_path / "results/results.jsonl").read_text("utf-8").splitlines())

    assert graded.returncode == 0, graded.stderr
    assert secret not in output + told.stdout
    assert (line["learner"], line["verdict"]["passed"], line["verdict"]["repairs"]) == ("octocat", True, [])
    assert line["verdict"]["parameters"] == {
        "values": Seed(bytes.fromhex(secret)).variant(course.lesson("steps"), "octocat"), "of": "learner",
    }  # fmt: skip


def test_without_a_seed_nothing_is_drawn(tmp_path: Path) -> None:
    """An empty file takes the place of one that a learner may have put there, and the job is no failure."""
    (tmp_path / "variants.json").write_text("mine", "utf-8")
    told = ran(tmp_path, DRAW, LEARNER="octocat")

    assert (told.returncode, told.stdout) == (0, "There is no HORNBOOK_SEED, so the lessons' own values are asked for.\n")
    assert (tmp_path / "variants.json").read_bytes() == b""


def test_links_lead_nowhere(repositories: Path) -> None:
    """Neither a notebook that is a link, nor a folder that is one, is followed."""
    (secret := repositories / "secret").mkdir()
    solve(repositories, "secret/counting_vowels.ipynb")
    (repositories / "work/my-work").symlink_to(secret)
    (repositories / "work/lessons/link.ipynb").symlink_to(secret / "counting_vowels.ipynb")
    (repositories / "work/lessons/more").symlink_to(secret)
    told = ran(repositories)

    assert (told.returncode, told.stdout) == (0, "No notebook of the course was changed.\n")


# --- The command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_or_writes(tmp_path: Path) -> None:
    """Into a repository it writes where the host looks; a file that says something else is never replaced."""
    runner = CliRunner()
    printed = runner.invoke(app, ["ci", "github"])
    made = runner.invoke(app, ["ci", "gitlab", "--into", str(tmp_path)])

    assert printed.stdout == pipeline("github")
    assert made.stdout == f"made  {tmp_path / '.gitlab-ci.yml'}\n"
    assert (tmp_path / ".gitlab-ci.yml").read_text("utf-8") == pipeline("gitlab")
    assert write_pipeline("gitlab", tmp_path) == tmp_path / ".gitlab-ci.yml"
    (tmp_path / ".gitlab-ci.yml").write_text("mine", "utf-8")
    refused = runner.invoke(app, ["ci", "gitlab", "--into", str(tmp_path)])
    assert refused.exit_code == 2
    assert "is there already, and says something else. Add what `hornbook ci gitlab` prints." in refused.stderr
    with pytest.raises(HornbookError, match=r"bitbucket: there is no pipeline for it. There is one for github and gitlab."):
        pipeline("bitbucket")
    with pytest.raises(HornbookError, match="cannot be written"):
        write_pipeline("github", tmp_path / ".gitlab-ci.yml")


def test_the_hook_proves_a_course_before_a_commit(tmp_path: Path) -> None:
    """What pre-commit would run is a command of ours, and its exit code says whether the course holds."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    new_course(tmp_path / "course")
    command = [str(Path(sys.executable).with_name("hornbook")), *hook["entry"].split()[1:]]
    good = subprocess.run(command, cwd=tmp_path / "course", capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - ours
    (tmp_path / "course/graders/counting_vowels.solution.py").write_text("# %% count_vowels\npass\n", "utf-8")
    bad = subprocess.run(command, cwd=tmp_path / "course", capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - ours

    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("hornbook-doctor", "python", False)
    assert good.returncode == 0, good.stdout
    assert bad.returncode != 0
    assert re.match(hook["files"], "graders/test_x.py")
