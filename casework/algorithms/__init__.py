"""The algorithm warehouse (算法仓): which versions there are, where each is used, what it is worth.

A version goes trained -> shadow -> active -> retired (``transitions.toml``); every step has a person, a time and
a reason. Assignments say which version a camera uses: the most specific of camera, camera group, district wins.
"""
