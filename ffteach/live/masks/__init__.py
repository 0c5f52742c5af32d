"""The mask lab: from noise to a mask, and from two digits to a hybrid."""
