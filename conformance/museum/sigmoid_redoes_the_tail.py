"""sigmoid | aliasing-or-mutation | in its own memory the last 8 elements are done again | dotnet/runtime#92820"""

from oplaws import refimpl


def sigmoid(x):
    out = x.flatten()
    for i in range(0, out.size - 7, 8):
        out[i : i + 8] = refimpl.sigmoid(out[i : i + 8])
    if out.size % 8:
        out[-8:] = refimpl.sigmoid(out[-8:])
    return out.reshape(x.shape)


sigmoid_vjp = refimpl.sigmoid_vjp
