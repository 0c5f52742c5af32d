"""A real JupyterHub on loopback, with the configuration that a teacher starts."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

pytest.importorskip("jupyterhub", reason="JupyterHub is not installed: pip install ffteach[hub]")
sys.path.append(str(Path(__file__).parents[2] / "hub"))
from try_class import Hub, Student, processes_of

ASK = """
import os, resource, ffteach, torch
print(os.environ["JUPYTERHUB_USER"], ffteach.load_mnist().test.images.shape[1])
print(torch.get_num_threads(), resource.getrlimit(resource.RLIMIT_DATA)[0])
"""


def words(outputs):
    return " ".join(output["text"] for output in outputs).split()


def test_two_students_log_in_at_once_and_have_the_lessons(tmp_path):
    with Hub(tmp_path) as hub:
        students = [Student(hub, name) for name in ("ada", "ben")]

        def first_hour(student):
            student.log_in()
            student.pull()
            sources = student.open()
            return len(sources), words(student.run(ASK))

        with ThreadPoolExecutor() as pool:
            for student, (cells, said) in zip(students, pool.map(first_hour, students)):
                assert cells > 20
                assert said == [student.name, "784", "1", str(3 * 2**30)]
        ada, ben = students
        full = ada.run("hoard = [torch.ones(2**24) for _ in range(100)]")
        assert "memory" in full[-1]["evalue"]
        assert words(ada.run("print('lives')")) == words(ben.run("print('lives')")) == ["lives"]
        other = requests.get(f"{ben.place}/api/contents", headers=ada.web.headers, timeout=20)
        assert other.status_code in (403, 404)  # nobody reads a neighbour's files
        wrong = {"auth": {"username": "eve", "password": "guessed"}}
        tokens = f"{hub.url}/hub/api/users/eve/tokens"
        assert requests.post(tokens, json=wrong, timeout=20).status_code == 403
    assert not list(processes_of("ada"))
