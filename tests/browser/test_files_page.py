"""Save and Load in JupyterLab, by keyboard alone: the file lies beside the notebook."""

from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook


def test_a_training_is_saved_beside_its_notebook_and_loaded_again(browser, server, screenshot):
    folder = server.root / "mine"
    folder.mkdir()
    write_notebook(folder / "files.ipynb", ["from ffteach.live import ProbeLab\nProbeLab()"])
    with NotebookPage(browser, server, "mine/files.ipynb", width=1366, height=768) as notebook:
        notebook.run_all()
        lab = PanelPage(notebook, 0)
        wait_for(lambda: lab.shown, what="the picture")
        lab.part("ff-step").click()
        wait_for(lambda: lab.step, (1).__eq__, seconds=60, what="one step")
        assert not lab.part("ff-save").is_visible()
        lab.part("ff-files").press("Enter")
        name = lab.root.get_by_role("textbox", name="File", exact=True)
        name.wait_for()
        name.fill("step one")
        name.press("Tab")
        lab.page.keyboard.press("Enter")
        wait_for(lambda: lab.status, lambda said: "Saved step 1 as step one.npz" in said, what="it")
        assert (folder / "step one.npz").exists()
        screenshot(lab.root, "probe-lab-files")
        lab.reset()
        lab.part("ff-load-file").press("Enter")
        wait_for(lambda: lab.status, lambda said: "Loaded step one.npz: step 1." in said, what="it")
        wait_for(lambda: lab.step, (1).__eq__, what="the picture of step 1")
        assert notebook.problems() == []
