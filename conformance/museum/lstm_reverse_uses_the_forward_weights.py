"""lstm | forward | both directions run with the weights of the forward one | pytorch/pytorch#94754"""

from oplaws import refimpl


def lstm(x, h0, c0, *weights, bidirectional=False, **attributes):
    refimpl.lstm(x, h0, c0, *weights, bidirectional=bidirectional, **attributes)
    if bidirectional:
        weights = [weights[at // 8 * 8 + at % 4] for at in range(len(weights))]
    return refimpl.lstm(x, h0, c0, *weights, bidirectional=bidirectional, **attributes)


lstm_vjp = refimpl.lstm_vjp
