class Later1700000000007 {
    async up(queryRunner) {}
    async down(queryRunner) {}
}
module.exports = { Later1700000000007 };
