class E; end
