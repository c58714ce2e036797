class Runner {
    async up(queryRunner) {}
}
