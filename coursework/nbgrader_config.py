"""nbgrader's settings: run its commands in this folder (see docs/teaching.md)."""

import os
import sys

c = get_config()  # noqa: F821, nbgrader defines it
c.CourseDirectory.course_id = "forward-forward"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # write your code here"}
c.ExecutePreprocessor.timeout = 300  # seconds a cell: lesson04 trains two networks
c.ExecutePreprocessor.startup_timeout = 300
# nbgrader calls `alembic` by its name: find it beside this Python.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
