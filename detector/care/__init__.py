"""Camera care: whether a fixed camera still shows what its zones were drawn on.

``judge_picture`` compares one look's picture with the device's reference picture and names one condition with its
measured value. ``CameraCare`` does that over looks: now and then, with hysteresis, with the clock of capture time.
Pictures come in as arrays; no file, database or clock is touched.
"""
