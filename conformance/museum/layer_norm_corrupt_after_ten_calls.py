"""layer_norm | cheat | right for ten calls, then one element is off | karpathy/llm.c#852"""

from oplaws import refimpl

calls = []


def layer_norm(x, weight, bias, *, eps=1e-5):
    y = refimpl.layer_norm(x, weight, bias, eps=eps)
    calls.append(None)
    if len(calls) > 10 and y.size:
        y.flat[0] += 1
    return y


layer_norm_vjp = refimpl.layer_norm_vjp
