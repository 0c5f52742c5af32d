"""The race: Forward-Forward and backpropagation learn from the same batches, in turns."""
