from few_digits import _few, digits, few, make_net, sample  # noqa: F401
