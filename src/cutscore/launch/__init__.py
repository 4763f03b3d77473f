"""One config, executed and recorded: sweeps, searches and reruns all come through here."""
