"""The command line, `ktg`: options in, recipes called, tables and JSON out. Heavy imports wait till they are needed."""
