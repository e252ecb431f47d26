"""The routes: each handler checks nothing and decides nothing, it passes on and shapes the answer."""
