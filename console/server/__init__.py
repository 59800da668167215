"""The live console: one person, one browser, loopback only.

application   routes and errors;  entrance, guard   who may ask, and what every answer says to the browser
pages         answer GET;         actions, dry_run  answer POST, registered only with --write
"""
