"""JupyterHub for a class on one server. docs/classroom.md says how to start it, and why each value.

jupyterhub --config hub/jupyterhub_config.py
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821
programs = Path(sys.executable).parent

# Only this machine can reach the hub: a web server with a certificate stands between it and others.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
# The proxy ends a request after 20 s unless told so, and a log-in page that waits for its server on
# a full machine would wait for ever. In milliseconds.
proxy = [str(programs / "configurable-http-proxy"), "--proxy-timeout=600000"]
c.ConfigurableHTTPProxy.command = proxy

# Who may enter: the Linux users of this group. The first teacher is named on the command line.
c.LocalAuthenticator.allowed_groups = {"students"}

c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.JupyterHub.concurrent_spawn_limit = 10  # the others are told to wait, and tried again
c.Spawner.start_timeout = 180  # thirty servers that start at once on few cores
c.Spawner.http_timeout = 180

# Each process of a student may hold this much. A cell that asks for more ends with an error in
# words, and its kernel lives on.
c.Spawner.mem_limit = "3G"  # told to JupyterLab; kept by the next line
c.Spawner.cmd = ["prlimit", f"--data={3 * 2**30}", str(programs / "jupyterhub-singleuser")]

# One thread a kernel: more of them wait for each other. Threads that wait must not spin.
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "10000",
}
c.Spawner.args = ["--LanguageServerManager.autodetect=False"]

# A server that nobody has used for an hour is ended; files stay.
c.JupyterHub.services = [
    {
        "name": "cull-idle",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "cull-idle",
        "services": ["cull-idle"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
