User.create
