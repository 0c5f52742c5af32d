from few_digits import _few, digits, few, gpu, make_net, sample  # noqa: F401
