# Sends standard input to HOST PORT and writes the answer to standard output.
use strict;
use warnings;
use IO::Socket::IP;

my ($host, $port) = @ARGV;
my $connection = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_STREAM)
    or die "connect: $@";
print $connection <STDIN>;
$connection->flush;
print while <$connection>;
