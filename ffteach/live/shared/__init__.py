"""What the panels share, in reading order.

panel           every panel: buttons, controls, a picture, a status, one lock
training_panel  a panel in which something trains: the clock
learning_panel  a panel in which a network learns: from the data to the end of the last epoch
recipes, controls, pace, looking, words     what a learning panel is made of
figure, histogram                           what its picture is made of
css             the CSS classes of all panels
"""
