from few_digits import _few, digits, few, gpu, make_net, no_gpu_unasked, sample  # noqa: F401
