"""The goodness lab: loss, probability and slopes over the goodness of a real layer."""
