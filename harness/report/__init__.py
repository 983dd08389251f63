"""What people and other programs get to see of a result: pictures, tables, explanations, JSON, JUnit.

A format is a file here. Imported only by commands that show something.
"""
