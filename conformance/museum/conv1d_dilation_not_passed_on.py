"""conv1d | shape-or-attribute | conv1d calls conv2d and its dilation arrives as (1, 1) | flagos-ai/FlagGems#1776"""

from oplaws import refimpl


def conv1d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv1d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return refimpl.conv1d(x, weight, bias, stride=stride, padding=padding, groups=groups)[..., : y.shape[2]].copy()


conv1d_vjp = refimpl.conv1d_vjp
