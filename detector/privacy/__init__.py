"""Privacy: where faces and number plates are in a picture, and how they are made unrecognizable.

It proposes nothing and judges nothing: what it finds is covered in the copies that people look at (docs/PRIVACY.md).
"""
