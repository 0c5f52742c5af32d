"""How `make lab` reads and writes notebooks: opening one is no change, saving notes no version.

JupyterLab notes in each notebook which Python runs it, and from then on calls it unsaved. Here it
finds that noted already; and what is written names the language alone, as lessons are handed out.
"""

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class LessonFiles(AsyncLargeFileManager):
    """JupyterLab's own manager of files, except for the `language_info` of Python notebooks."""

    async def get(self, path, content=True, *args, **options):
        model = await super().get(path, content, *args, **options)
        _note(model, IPythonKernel.language_info)
        return model

    async def save(self, model, path=""):
        _note(model, {"name": "python"})
        return await super().save(model, path)


def _note(model, info):
    notebook = model.get("type") == "notebook" and model.get("content")
    if notebook and notebook["metadata"].get("language_info", {}).get("name") == "python":
        notebook["metadata"]["language_info"] = dict(info)
