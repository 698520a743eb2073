"""``jiexun upload``: a device's folder, sent to a server by tus 1.0 so that no break on either side loses anything.

errors      what can go wrong, and whether it is worth another try
remote      the server, one request each
memory      what this folder has sent, in a small file beside it
folder      which files there are, and which have stopped growing
sending     one file, the whole folder
"""
