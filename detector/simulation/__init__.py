"""The simulated district: truth, the detector's errors, the real scenes, and how well they do.

error_model  how the detector errs, as data         fit        fitting it to labelled pictures
latent       scores, labels and boxes drawn from it  district   streets and what stands there
camera       a fixed camera's day of detections      drive      a vehicle's pass
score        candidates against the truth            run        the whole, and what each disturbance costs
cost         milliseconds a look, memory of a camera  rendered   a day of pictures and the real detector
"""
