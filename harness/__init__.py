"""The engine of firstbyte: data types, judge, simulation, client, runner, reports and the command line."""
