"""What the panels share, in reading order.

panel           every panel: buttons, clock, controls, a picture, a status, one lock; all hooks
scene           a picture as numbers; scene.js draws it
learning_panel  a panel in which a network learns: from the data to the end of the last epoch
recipes, controls, pace, looking, words     what a learning panel is made of
lifetime        what is left of a panel, and whose clicks are heard when
css             the CSS classes of all panels
"""
