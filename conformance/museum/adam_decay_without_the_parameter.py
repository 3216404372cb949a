"""adam | forward | lr weight_decay is taken off, not times the parameter | e-sensing/torchopt#14"""

from oplaws import refimpl


def adam(*arrays, step, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    rest = {"step": step, "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
    refimpl.adam(*arrays, weight_decay=weight_decay, **rest)
    p, m, v = refimpl.adam(*arrays, **rest)
    return p - lr * weight_decay, m, v
