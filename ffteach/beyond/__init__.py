"""Beyond the first lessons: the rest of Hinton's paper, one short file for each later lesson.

local       layers of small receptive fields, each unit with weights of its own (lesson 06)
recurrent   layers that see the layer above and the one below, for eight steps (lesson 07)
sequences   characters from the ten before, and negatives that the network dreams (lesson 08)
stepping    what the last two share: steps that are taken whole or not at all
"""
